"""Mails: whatever text comes, SNS gets what it accepts."""

from __future__ import annotations

import re

import boto3
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st
from shared.mail import MAX_BODY_BYTES, Mail, publish

# Every character Python knows, lone surrogates too.
_ANY = st.text(alphabet=st.characters(exclude_categories=()), max_size=300)


@given(subject=_ANY)
def test_subject_is_one_short_line_of_ascii(subject: str) -> None:
    result = Mail.compose(subject=subject, body="x").subject

    assert re.fullmatch(r"[!-~][ -~]{0,98}", result)


@given(body=_ANY)
def test_body_is_never_empty_and_encodes(body: str) -> None:
    result = Mail.compose(subject="x", body=body).body

    assert result.strip()
    assert len(result.encode()) <= MAX_BODY_BYTES
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", result)


@given(letter=st.characters(categories=["L", "So"]), extra=st.integers(-3, 3))
def test_long_body_is_cut_between_characters(letter: str, extra: int) -> None:
    count = MAX_BODY_BYTES // len(letter.encode()) + extra
    original = letter * count

    result = Mail.compose(subject="x", body=original).body

    assert len(result.encode()) <= MAX_BODY_BYTES
    if len(original.encode()) > MAX_BODY_BYTES:
        assert result.endswith("ends here.]\n")
        assert result.startswith(letter * 1000)
    else:
        assert result == original


def test_ordinary_text_is_left_alone() -> None:
    mail = Mail.compose(subject="Approve iris? accuracy 96.7 %", body="Hello\n\nPiñata ✓\n")

    assert mail == Mail(subject="Approve iris? accuracy 96.7 %", body="Hello\n\nPiñata ✓\n")


def test_accents_lose_their_marks_only() -> None:
    assert Mail.compose(subject="Modèle n° 5\nfin", body="x").subject == "Modele n? 5 fin"


def test_long_subject_says_that_it_is_cut() -> None:
    subject = Mail.compose(subject="a" * 200, body="x").subject

    assert subject == "a" * 96 + "..."


def test_publish_sends_subject_and_body_to_the_topic() -> None:
    sns = boto3.client("sns")
    with Stubber(sns) as stub:
        stub.add_response(
            "publish",
            {"MessageId": "m-1"},
            {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:t", "Subject": "s", "Message": "b"},
        )

        message_id = publish(
            sns,
            topic_arn="arn:aws:sns:eu-west-1:123456789012:t",
            mail=Mail.compose(subject="s", body="b"),
        )

    assert message_id == "m-1"
