"""The private names of MiniStack that local/cloud touches are where it expects them.

When this fails after an update of MiniStack: read what has become of the name, correct local/cloud,
run the end-to-end tests.
"""

from __future__ import annotations

import ast
import importlib
import importlib.metadata
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

_ROOT = Path(__file__).resolve().parents[3]
_CLOUD = _ROOT / "local" / "cloud"


def _imported(tree: ast.AST) -> dict[str, str]:
    """Names under which a module knows MiniStack's modules and their members."""
    return {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ministack")
        for alias in node.names
    }


def _touched() -> Iterator[str]:
    """Every `package.module.name` of MiniStack that local/cloud reads or replaces."""
    for path in sorted(_CLOUD.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imported = _imported(tree)
        yield from imported.values()
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id in imported
            ):
                yield f"{imported[node.value.id]}.{node.attr}"


def _find(dotted: str) -> object:
    """The object that a dotted name stands for."""
    parts = dotted.split(".")
    found: object = importlib.import_module(parts[0])
    for index, part in enumerate(parts[1:], start=1):
        if isinstance(found, ModuleType) and not hasattr(found, part):
            importlib.import_module(".".join(parts[: index + 1]))
        found = getattr(found, part)
    return found


_NAMES = sorted(set(_touched()))


def test_the_scan_finds_what_is_replaced() -> None:
    assert "ministack.services.stepfunctions._call_lambda" in _NAMES
    assert "ministack.services.sns._fanout" in _NAMES
    assert "ministack.services.cloudwatch._evaluate_alarm" in _NAMES


@pytest.mark.parametrize("dotted", _NAMES)
def test_the_name_is_there(dotted: str) -> None:
    try:
        _find(dotted)
    except (AttributeError, ImportError) as error:
        pytest.fail(f"MiniStack has no {dotted} any more: {error}")


@pytest.mark.parametrize(
    ("dotted", "parameters"),
    [
        ("ministack.services.stepfunctions._execute_task", 4),
        ("ministack.services.stepfunctions._invoke_with_callback", 4),
        ("ministack.services.stepfunctions._call_lambda", 2),
        ("ministack.services.stepfunctions._stop_execution", 1),
        ("ministack.services.stepfunctions._run_execution", 1),
        ("ministack.services.stepfunctions._fail_execution", 3),
        ("ministack.services.stepfunctions._emit_execution_status_event", 1),
        ("ministack.core.iam_actions.extract_resource_arn", 8),
        ("ministack.core.iam_actions.request_tag_context", 4),
        ("ministack.services.cloudwatch._evaluate_alarm", 1),
        ("ministack.services.cloudwatch._dispatch_alarm_actions", 4),
        ("ministack.services.cloudwatch.record_metric", 5),
        ("ministack.services.stepfunctions._ExecutionError", 2),
        ("ministack.services.stepfunctions._send_task_success", 1),
        ("ministack.services.stepfunctions._send_task_failure", 1),
        ("ministack.services.lambda_svc._poll_dynamodb_streams", 0),
        ("ministack.services.lambda_svc._execute_function", 2),
        ("ministack.services.lambda_svc._execute_function_warm", 3),
        ("ministack.services.lambda_svc._send_ddb_stream_failure_record", 6),
        ("ministack.services.eventbridge._dispatch_to_lambda", 2),
        ("ministack.services.lambda_svc.invoke_async_with_retry", 2),
        ("ministack.services.sns._subscribe", 1),
        ("ministack.services.sns._list_subscriptions_by_topic", 1),
    ],
)
def test_a_replaced_function_takes_what_its_replacement_takes(dotted: str, parameters: int) -> None:
    function = _find(dotted)
    assert callable(function)
    assert len(inspect.signature(function).parameters) == parameters


def test_the_fan_out_of_a_topic_begins_with_what_a_mail_is_made_of() -> None:
    fanout = _find("ministack.services.sns._fanout")
    assert callable(fanout)
    names = list(inspect.signature(fanout).parameters)
    assert names[:6] == [
        "topic_arn",
        "msg_id",
        "message",
        "subject",
        "message_structure",
        "message_attributes",
    ]


@pytest.mark.parametrize("kind", ["AWS::ApiGatewayV2::Api", "AWS::Lambda::EventSourceMapping"])
def test_resources_are_made_by_handlers_that_can_be_wrapped(kind: str) -> None:
    handlers = _find("ministack.services.cloudformation.provisioners._RESOURCE_HANDLERS")
    assert isinstance(handlers, dict)
    assert callable(handlers[kind]["create"])


def test_ministack_is_pinned_to_the_version_that_is_known() -> None:
    lines = (_ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    [pin] = [line for line in lines if line.startswith("ministack")]
    assert pin.partition(" ")[0] == f"ministack=={importlib.metadata.version('ministack')}"
