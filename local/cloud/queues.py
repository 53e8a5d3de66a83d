"""SQS queues between rules and functions: what MiniStack does otherwise than AWS.

Time runs as for the workflow's waits: a message is kept back, and hidden while somebody works on
it, for its queue's seconds times the wait scale.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator  # type: ignore[import-untyped]
from ministack.core.responses import request_scope  # type: ignore[import-untyped]
from ministack.services import cloudwatch, eventbridge, lambda_svc, sqs  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud import access

logger = logging.getLogger(__name__)

_RECEIVES = ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
_RULES = "events.amazonaws.com"
_PERIOD_SECONDS = 60


def install(*, time_scale: float) -> None:
    """Correct queues; call it once, before the first one is made."""
    shorten_times(time_scale)
    ask_policies_about_rules()
    refuse_mappings_that_cannot_work()
    pause = _PERIOD_SECONDS * time_scale
    threading.Thread(target=_count_always, args=(pause,), name="sqs-metrics", daemon=True).start()


def shorten_times(time_scale: float) -> None:
    """Let queues wait shorter; what somebody sends with a delay of its own keeps it."""
    original_delay, original_collect = sqs.queue_delay, sqs._collect_msgs

    def queue_delay(queue: Any) -> float:
        return float(original_delay(queue) * time_scale)

    def collect(queue: Any, most: int, hidden_seconds: float) -> Any:
        return original_collect(queue, most, hidden_seconds * time_scale)

    sqs.queue_delay = queue_delay
    sqs._collect_msgs = collect


def ask_policies_about_rules() -> None:
    """A rule's event reaches a queue if the policies of the queue and of its key say so.

    MiniStack asks nobody. AWS gives such an event up, and counts it.
    """
    original = eventbridge._invoke_target

    def invoke_target(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        arn = str(target.get("Arn", ""))
        if ":sqs:" in arn and (refused := _refusal(arn, rule["Arn"])):
            logger.warning("EventBridge: rule %s: %s", rule["Name"], refused)
            dimensions = {"RuleName": rule["Name"]}
            cloudwatch.record_metric("AWS/Events", "FailedInvocations", 1, "Count", dimensions)
            return
        original(target, event, rule, view)

    eventbridge._invoke_target = invoke_target


def _refusal(queue_arn: str, rule_arn: str) -> str:
    """Why a rule may not send to a queue; "" if it may."""
    queue = sqs._queue_by_arn(queue_arn)
    if queue is None:
        return ""  # MiniStack says so.
    asked = [("sqs", "sqs:SendMessage", queue_arn)]
    if key := queue["attributes"].get("KmsMasterKeyId"):
        key_arn = key if key.startswith("arn:") else f"{_place(queue_arn, 'kms')}:key/{key}"
        asked += [("kms", f"kms:{name}", key_arn) for name in ("GenerateDataKey", "Decrypt")]
    for service, action, arn in asked:
        if not _policy_allows(service, action, arn, rule_arn=rule_arn):
            return f"the resource policy of {arn} does not allow {_RULES} {action}"
    return ""


def _place(arn: str, service: str) -> str:
    partition, _, region, account = arn.split(":")[1:5]
    return f"arn:{partition}:{service}:{region}:{account}"


def _policy_allows(service: str, action: str, resource_arn: str, *, rule_arn: str) -> bool:
    found = access.policy_of(service, resource_arn)
    if found is None:
        return False
    asked = iam_evaluator.EvalContext(
        principal_arn=_RULES,
        principal_type="Service",
        principal_account="",
        action=action,
        resource_arn=resource_arn,
        region=rule_arn.split(":")[3],
        secure_transport=True,
        service_context={
            "aws:sourcearn": rule_arn,
            "aws:sourceaccount": rule_arn.split(":")[4],
        },
    )
    decided = iam_evaluator.evaluate_resource_policy(found[0], asked, _RULES)
    return bool(decided.decision == "Allow")


def refuse_mappings_that_cannot_work() -> None:
    """AWS makes no mapping for a role that may not receive, or a queue that is too impatient.

    That the role may not decrypt comes out later on AWS, in the mapping's last result.
    """
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::EventSourceMapping"]
    original = handlers["create"]

    def create(logical_id: str, properties: Any, stack_name: str) -> Any:
        if ":sqs:" in str(properties.get("EventSourceArn", "")):
            _check(properties)
        return original(logical_id, properties, stack_name)

    handlers["create"] = create


def _check(properties: Mapping[str, Any]) -> None:
    arn = str(properties["EventSourceArn"])
    name = str(properties["FunctionName"]).split(":function:")[-1].split(":")[0]
    function = lambda_svc._functions[name]["config"]
    attributes = sqs._queue_by_arn(arn)["attributes"]
    asked = [(f"sqs:{action}", arn) for action in _RECEIVES]
    if key := attributes.get("KmsMasterKeyId"):
        asked.append(("kms:Decrypt", key))
    for action, resource in asked:
        if access.refusal(function["Role"], action, resource, region=arn.split(":")[3]):
            raise ValueError(
                "The function execution role does not have permissions to call "
                f"{action.partition(':')[2]} on {action.partition(':')[0].upper()}"
            )
    hidden, timeout = int(attributes["VisibilityTimeout"]), int(function["Timeout"])
    if hidden < timeout:
        raise ValueError(
            f"Queue visibility timeout: {hidden} seconds is less than Function timeout: {timeout} "
            "seconds"
        )


def count_messages() -> None:
    """SQS tells CloudWatch how many messages wait in each queue; MiniStack does not.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    name = "ApproximateNumberOfMessagesVisible"
    for queue in list(sqs._queues._data.values()):
        arn = queue["attributes"]["QueueArn"]
        waiting = sum(message["visible_at"] <= time.time() for message in queue["messages"])
        with request_scope(arn.split(":")[4], arn.split(":")[3]):
            cloudwatch.record_metric(
                "AWS/SQS", name, waiting, "Count", {"QueueName": queue["name"]}
            )


def _count_always(pause: float) -> None:
    while True:
        time.sleep(pause)
        count_messages()
