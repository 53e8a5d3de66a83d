"""What MiniStack's Lambda does otherwise than AWS, put right from outside."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from typing import Any

from ministack.core import lambda_runtime  # type: ignore[import-untyped]
from ministack.services import eventbridge, lambda_svc  # type: ignore[import-untyped]
from ministack.services.cloudformation import custom_resource  # type: ignore[import-untyped]

_TRACE = '"trace": traceback.format_exc()'
_MARK = "errorType: "
_AT_ONCE = 8  # processes of one function; a laptop starts no more of them in a second


def name_errors_by_class() -> None:
    """A handler's exception is reported under its class name, which Step Functions catches by.

    MiniStack reports every one as `Runtime.HandlerError`.
    https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html

    Raises:
        RuntimeError: the worker's script no longer has the line that this extends.
    """
    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    if _TRACE not in script:
        raise RuntimeError("MiniStack's Python worker has changed: pin the version that is known")
    # The class name becomes the last line of the traceback, and of the function's log.
    lambda_runtime._PYTHON_WORKER_SCRIPT = script.replace(
        _TRACE, f'{_TRACE} + "{_MARK}" + type(e).__name__'
    )
    original = lambda_svc._execute_function_with_config_scope

    def execute(*arguments: Any, **options: Any) -> Any:
        result = original(*arguments, **options)
        last_line = str(result.get("log", "")).rstrip().rpartition("\n")[2]
        if result.get("error") and last_line.startswith(_MARK):
            result["body"]["errorType"] = last_line.removeprefix(_MARK)
        return result

    lambda_svc._execute_function_with_config_scope = execute


def fail_custom_resources_with_their_function() -> None:
    """A custom resource whose function fails fails with its error.

    AWS waits an hour for the answer that cannot come any more, and so does MiniStack.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-custom-resources.html
    """
    original = lambda_svc._execute_function_with_config_scope

    def execute(function: Any, event: Any, *rest: Any, **options: Any) -> Any:
        result = original(function, event, *rest, **options)
        if result.get("error") and isinstance(event, dict) and "ResponseURL" in event:
            token = event["ResponseURL"].rpartition("/")[2]
            with custom_resource._lock:
                waits = custom_resource._pending.get(token, {}).get("result", {}) is None
            if waits:
                reason = f"The function failed: {result.get('body')}"
                custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
        return result

    lambda_svc._execute_function_with_config_scope = execute


def retry_events() -> None:
    """An event that a rule sends to a function is tried again, and what fails for good is told.

    MiniStack calls the function once, though it stores what the function asks for.
    https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    """

    def dispatch(arn: str, payload: str) -> None:
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if function and config:
            record = lambda_svc._execution_record_for_config(function, config)
            lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    eventbridge._dispatch_to_lambda = dispatch


def queue_bursts() -> None:
    """Let a burst of calls wait for a few processes of a function.

    MiniStack starts one for each call that is under way: hundreds would starve each other, and end
    by their timeouts, where AWS has a machine for each. No function here waits for another call of
    itself, which could not be queued so.
    """
    original = lambda_svc._execute_function_warm
    free: dict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(_AT_ONCE))

    def execute(function: Any, event: Any, request_id: str) -> Any:
        with free[function["config"]["FunctionArn"]]:
            return original(function, event, request_id)

    lambda_svc._execute_function_warm = execute
