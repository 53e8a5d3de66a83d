"""Content types: what a request has, which one its answer gets."""

import pytest
from plumbing import media

CSV, JSON = "text/csv", "application/json"


@pytest.mark.parametrize(
    ("header", "type_"),
    [
        ("text/csv", CSV),
        ("Text/CSV; charset=UTF-8", CSV),
        ('application/json;charset="utf-8"', JSON),
        ("text/csv; header=absent", CSV),
        ("text/csv; charset=latin-1", None),
        ("text/plain", None),
        ("application/x-npy", None),
        ("", None),
        ("csv", None),
    ],
)
def test_the_content_type_is_recognised(header: str, type_: str | None) -> None:
    assert media.content_type(header) == type_


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
        ("text/html", None),
        ("text/csv;q=0", None),
        ("text/csv;q=high", None),
    ],
)
def test_the_answer_gets_the_type_the_client_likes_best(header: str, type_: str | None) -> None:
    assert media.accepted(header, CSV) == type_


def test_among_equals_the_answer_is_like_the_request() -> None:
    assert media.accepted("*/*", JSON) == JSON
    assert media.accepted("text/csv, application/json", JSON) == JSON
