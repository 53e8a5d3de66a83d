"""Cutting a file into requests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.sagemaker.batching import PayloadTooLargeError, batches, split_lines

LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\n\r"), max_size=30))


@given(LINES, st.booleans(), st.one_of(st.none(), st.integers(130, 200)))
def test_no_record_is_lost_moved_or_cut(lines: list[str], multi: bool, most: int | None) -> None:
    made = list(batches([(line, line) for line in lines], multi_record=multi, most_bytes=most))
    assert [record for batch in made for record in batch.records] == lines
    assert b"".join(batch.body for batch in made) == "".join(f"{x}\n" for x in lines).encode()
    assert all(most is None or len(batch.body) <= most for batch in made)
    if not multi:
        assert all(len(batch.records) == 1 for batch in made)


def test_as_many_records_as_fit() -> None:
    records = [(letter, letter * 3) for letter in "abcde"]
    made = list(batches(records, multi_record=True, most_bytes=8))
    assert [batch.body for batch in made] == [b"aaa\nbbb\n", b"ccc\nddd\n", b"eee\n"]
    assert made[0].records == ("a", "b")


def test_a_record_larger_than_the_payload_is_refused() -> None:
    with pytest.raises(PayloadTooLargeError):
        list(batches([("x", "x" * 10)], multi_record=True, most_bytes=10))


def test_lines_of_files_from_anywhere() -> None:
    assert split_lines(b"a\r\nb\nc") == ["a", "b", "c"]
    assert split_lines(b"a\n\n") == ["a"]
    assert split_lines(b"\n") == []
