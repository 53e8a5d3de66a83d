"""The evidence on the approval page, read as a browser reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser

from answer_approval.evidence import PredictionFile, evidence
from shared.evidence import Evidence

from tests.unit.lambdas import events
from tests.unit.lambdas.approval_fakes import APPROVAL, NOW

KNOWN = Evidence.from_json(events.load("evidence"))
FITTED = Evidence.from_json(events.load("evidence_regression"))
FILES = [PredictionFile(name="iris.csv.out", url="https://data.example/iris?X-Amz-Date=1&b=2")]
MINUS, NONE = "\N{MINUS SIGN}", "\N{EN DASH}"


class Reader(HTMLParser):
    """The elements of a page, its text, and its attributes; checks that elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def read(known: Evidence, *, files: Sequence[PredictionFile] = FILES) -> Reader:
    reader = Reader()
    reader.feed(evidence(replace(APPROVAL, evidence=known), files=files, now=NOW))
    reader.close()
    assert not reader.open
    return reader
