"""Who is in which stage, and that whatever breaks ends an execution."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest

from local.pipeline.executions import Trigger
from local.pipeline.pipeline import STARTED
from tests.unit.local.pipeline.conftest import Place, wait_for
from tests.unit.local.pipeline.examples import properties


@pytest.mark.parametrize("mode", ["QUEUED", "SUPERSEDED"])
def test_an_execution_has_its_stage_until_it_waits_for_the_next(place: Place, mode: str) -> None:
    """Else the one behind it could overtake it while events are told."""
    place.tree.push(app_py="1")
    place.builds.gate.clear()
    pipeline = place.made(properties(ExecutionMode=mode))
    first = pipeline.executions[0]
    wait_for(lambda: place.builds.requests)
    second = pipeline.start(Trigger(kind=STARTED))
    wait_for(lambda: second.waits_for == "Build")
    third = pipeline.start(Trigger(kind=STARTED))
    wait_for(lambda: third.waits_for == "Build")
    held: list[bool] = []
    tell = place.cloud.send_event

    def slow(*, detail_type: str, detail: Mapping[str, Any], **more: Any) -> None:  # noqa: ANN401
        tell(detail_type=detail_type, detail=detail, **more)
        ended = (detail.get("stage"), detail["state"]) == ("Build", "SUCCEEDED")
        if "Stage" in detail_type and ended and detail["execution-id"] == first.id:
            time.sleep(0.3)  # Whoever waits could enter meanwhile.
            held.append("Build" not in second.stages and "Build" not in third.stages)

    object.__setattr__(pipeline.runner.events._surroundings, "send_event", slow)
    place.builds.gate.set()

    place.ended(third)
    assert held == [True]
    assert first.status == "Succeeded"
    assert second.status == ("Succeeded" if mode == "QUEUED" else "Superseded")


def test_a_log_that_cannot_be_written_fails_the_action(place: Place) -> None:
    place.tree.push(app_py="1")
    (place.folder / "logs").touch()

    execution = place.ended(place.made().executions[0])

    assert execution.status == "Failed"
    assert str(execution.actions[-1].error).startswith("The local cloud failed: ")


def test_a_cloud_that_ends_tells_nobody(place: Place) -> None:
    place.tree.push(app_py="1")
    place.builds.gate.clear()
    pipeline = place.made()
    wait_for(lambda: place.builds.requests)

    place.pipelines.shutdown()

    assert pipeline.executions[0].status == "Cancelled"
    assert place.cloud.states("Pipeline") == ["STARTED"]
