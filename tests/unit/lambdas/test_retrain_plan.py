"""What is made of messages that come late, twice, out of order, or to two calls at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from retrain.messages import Message, enough
from retrain.plan import Live, Plan, make_plan
from retrain.training_data import TrainingData

_NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
_WAIT = timedelta(minutes=10)
_PAUSE = timedelta(minutes=15)
_LIVE = Live(
    commit_id="0f9e8d7c",
    image_uri="123456789012.dkr.ecr.eu-west-1.amazonaws.com/iris@sha256:" + "ab" * 32,
    train_version="1b2c3d4e5f60",
)
_CHANGED = _NOON - _WAIT - timedelta(seconds=1)
_OTHER = TrainingData(version="aaaabbbbcccc", size=100, changed_at=_CHANGED)
_SAME = TrainingData(version=_LIVE.train_version, size=100, changed_at=_CHANGED)


def _new(*, sent_at: datetime = _NOON - _WAIT, receives: int = 1, name: str = "new") -> Message:
    return Message(
        message_id=name,
        sent_at=sent_at,
        received_at=sent_at + _WAIT,
        receives=receives,
        scheduled_for="",
    )


def _time(hour: int = 6, name: str = "time") -> Message:
    at = datetime(2026, 11, 30, hour, tzinfo=UTC)
    return Message(
        message_id=name,
        sent_at=at,
        received_at=at + _WAIT,
        receives=1,
        scheduled_for=f"2026-11-30T{hour:02}:00:00Z",
    )


def _plan(
    *messages: Message,
    data: TrainingData = _OTHER,
    live: Live = _LIVE,
    now: datetime = _NOON,
    skip_unchanged: bool = True,
) -> Plan:
    return make_plan(messages, live=live, data=data, now=now, skip_unchanged=skip_unchanged)


def test_new_data_starts_a_release_with_what_is_live() -> None:
    plan = _plan(_new())

    assert plan.action == "start"
    assert plan.input == {
        "commitID": _LIVE.commit_id,
        "imageUri": _LIVE.image_uri,
        "trigger": "data",
    }


def test_all_who_see_the_same_name_the_release_alike() -> None:
    # Then Step Functions runs it once, and what has failed is not tried again
    early = _plan(_new(name="a"), _new(name="b"))
    late = _plan(_new(sent_at=_NOON + _WAIT), now=_NOON + 5 * _WAIT)
    at_six = _plan(_time())

    assert early.name == late.name == at_six.name
    assert len(early.name) <= 80
    assert early.input == late.input


def test_other_data_and_another_image_are_another_release() -> None:
    other_image = Live(commit_id="x", image_uri="other", train_version=_LIVE.train_version)
    other_data = TrainingData(version="ddddeeeeffff", size=1, changed_at=_CHANGED)

    names = {_plan(_new(), live=other_image).name, _plan(_new(), data=other_data).name}

    assert len(names | {_plan(_new()).name}) == 3


def test_data_that_is_live_starts_nothing() -> None:
    assert _plan(_new(), data=_SAME).action == "nothing"


def test_a_live_model_of_unknown_data_is_trained_again() -> None:
    unknown = Live(commit_id="a", image_uri="b", train_version="")

    assert _plan(_new(), live=unknown).action == "start"


@pytest.mark.parametrize("message", [_new(), _time()])
def test_where_everything_was_deleted_there_is_nothing_to_train_on(message: Message) -> None:
    empty = TrainingData(version="000000000000", size=0, changed_at=_CHANGED)

    assert _plan(message, data=empty, skip_unchanged=False).action == "nothing"


def test_while_data_comes_the_release_waits() -> None:
    # Given a file that came after the event that is told of
    newer = TrainingData(version="x", size=1, changed_at=_NOON - timedelta(seconds=1))

    assert _plan(_new(), data=newer).action == "later"
    # And one told of that: nothing has come since
    assert _plan(_new(), _new(sent_at=_NOON - timedelta(seconds=1)), data=newer).action == "start"


def test_no_clock_and_no_lost_event_keeps_it_waiting_for_ever() -> None:
    # Given a change that no message tells of, or whose time is ahead of the message's
    newer = TrainingData(version="x", size=1, changed_at=_NOON + _PAUSE / 2)

    # Then the look after the one that has seen it finds that nothing has changed since
    looks = [
        _plan(_new(receives=1 + number), data=newer, now=_NOON + number * _PAUSE).action
        for number in range(4)
    ]
    assert looks == ["later", "later", "start", "start"]


def test_a_deletion_for_good_leaves_no_time_to_compare() -> None:
    data = TrainingData(version="x", size=1, changed_at=None)

    assert _plan(_new(), data=data).action == "start"


def test_a_schedule_waits_for_no_data() -> None:
    newer = TrainingData(version="x", size=1, changed_at=_NOON)

    plan = _plan(_time(), data=newer)

    assert (plan.action, plan.input["trigger"]) == ("start", "schedule")


def test_when_it_is_time_data_that_is_live_is_left_alone() -> None:
    assert _plan(_time(), data=_SAME).action == "nothing"


@pytest.mark.parametrize("data", [_SAME, _OTHER])
def test_unless_unchanged_data_is_trained_on_again(data: TrainingData) -> None:
    plan = _plan(_new(), _time(6, "a"), _time(7, "b"), data=data, skip_unchanged=False)

    # Each time of the schedule is one release, however often it is told
    assert (plan.action, plan.input["trigger"]) == ("start", "schedule")
    assert plan.name == "schedule-20261130T070000Z"


def test_data_that_a_schedule_finds_as_well_counts_as_data() -> None:
    assert _plan(_new(), _time()).input["trigger"] == "data"


@given(
    st.lists(
        st.builds(
            Message,
            message_id=st.uuids().map(str),
            sent_at=st.datetimes(timezones=st.just(UTC)),
            received_at=st.just(_NOON),
            receives=st.integers(min_value=1, max_value=1000),
            scheduled_for=st.sampled_from(["", "2026-11-30T06:00:00Z"]),
        ),
        min_size=1,
    )
)
def test_one_message_of_each_kind_is_enough_to_look_again(messages: list[Message]) -> None:
    kept = enough(messages)

    assert {bool(m.scheduled_for) for m in kept} == {bool(m.scheduled_for) for m in messages}
    assert len(kept) <= 2
    assert set(kept) <= set(messages)
    assert max(m.sent_at for m in kept) == max(m.sent_at for m in messages)
