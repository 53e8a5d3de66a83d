"""Content types: what a request has, which one its answer gets."""

import pytest
from plumbing import media

CSV, JSON, JSON_LINES, PARQUET = (
    "text/csv",
    "application/json",
    "application/jsonlines",
    "application/x-parquet",
)
OTHER_PARQUET = "application/vnd.apache.parquet"


@pytest.mark.parametrize(
    ("header", "type_"),
    [
        ("text/csv", CSV),
        ("Text/CSV; charset=UTF-8", CSV),
        ('application/json;charset="utf-8"', JSON),
        ("text/csv; header=absent", CSV),
        ("application/jsonlines", JSON_LINES),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/x-parquet", PARQUET),
        ("application/vnd.apache.parquet", OTHER_PARQUET),
        ("text/csv; charset=latin-1", None),
        ("text/plain", None),
        ("application/x-npy", None),
        ("", None),
        ("csv", None),
    ],
)
def test_the_content_type_is_recognised(header: str, type_: str | None) -> None:
    assert media.content_type(header) == type_


def test_several_names_stand_for_one_format() -> None:
    names = ("application/jsonlines", "application/x-jsonlines", "application/jsonl")
    assert {media.kind(name) for name in (*names, "application/x-ndjson")} == {JSON_LINES}
    assert media.kind(OTHER_PARQUET) == PARQUET


@pytest.mark.parametrize(
    ("header", "type_"),
    [
        ("", CSV),
        ("*/*", CSV),
        ("text/csv", CSV),
        ("application/json", JSON),
        ("Application/*", JSON),
        ("text/csv, application/json", CSV),
        ("application/json, */*;q=0.1", JSON),
        ("text/csv;q=0.2, application/json;q=0.9", JSON),
        ("*/*, text/csv;q=0", JSON),
        ("text/html, */*;q=0.5", CSV),
        ("application/jsonlines", JSON_LINES),
        ("application/x-ndjson;q=0.5, application/json;q=0.4", "application/x-ndjson"),
        ("application/x-parquet", PARQUET),
        ("application/vnd.apache.parquet, text/csv;q=0.9", OTHER_PARQUET),
        ("application/x-parquet;q=0.1, */*;q=0.2", CSV),
        ("text/html", None),
        ("text/csv;q=0", None),
        ("text/csv;q=high", None),
    ],
)
def test_the_answer_gets_the_type_the_client_likes_best(header: str, type_: str | None) -> None:
    assert media.accepted(header, CSV) == type_


def test_among_equals_the_answer_is_like_the_request() -> None:
    assert media.accepted("*/*", JSON) == JSON
    assert media.accepted("", "application/x-ndjson") == "application/x-ndjson"
    assert media.accepted("text/csv, application/json", JSON) == JSON


def test_parquet_is_answered_only_where_it_is_asked_for_by_name() -> None:
    assert media.accepted("", PARQUET) == CSV
    assert media.accepted("*/*", OTHER_PARQUET) == CSV
    assert media.accepted("application/*", PARQUET) == JSON
    assert media.accepted("application/x-parquet", JSON) == PARQUET
