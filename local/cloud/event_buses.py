"""Events from one account to another's bus: the bus's policy, and the role that the rule has.

MiniStack keeps a bus's policy, but neither makes one from a template nor lets an event out of its
account. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
"""

from __future__ import annotations

import json
import logging
from typing import Any

from ministack.core import iam_evaluator  # type: ignore[import-untyped]
from ministack.core.responses import (  # type: ignore[import-untyped]
    get_account_id,
    get_region,
    request_scope,
)
from ministack.services import eventbridge  # type: ignore[import-untyped]
from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped]

from local.cloud.identities import Identities

logger = logging.getLogger(__name__)

_SERVICE = "events.amazonaws.com"
_PUT = "events:PutEvents"


def install() -> None:
    """Let events pass between accounts; call it once, before the first rule is made."""
    vars(eventbridge)["bus_policy_for_arn"] = _policy_of  # where IAM looks for it
    iam_evaluator._RESOURCE_POLICY_LOOKUPS["events"] = ("eventbridge", "bus_policy_for_arn")
    _offer_policies()
    _deliver_to_other_accounts()


def _policy_of(bus_arn: str) -> tuple[str, str] | None:
    """A bus's policy and account; None of anything that is no bus of this account."""
    name = bus_arn.partition(":event-bus/")[2]
    if not name:
        return None
    return json.dumps(eventbridge._event_bus_policies.get(name) or {}), get_account_id()


def _offer_policies() -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbuspolicy.html"""

    def put(properties: Any) -> tuple[str, dict[str, Any]]:
        bus, sid = properties.get("EventBusName", "default"), properties["StatementId"]
        statement = properties.get("Statement")
        if statement is None:
            raise ValueError(
                "The local cloud takes an AWS::Events::EventBusPolicy's Statement only"
            )
        _write(bus, [*_others(bus, sid), {**statement, "Sid": sid}])
        return f"{bus}|{sid}", {}

    def create(logical_id: str, properties: Any, stack_name: str) -> Any:
        del logical_id, stack_name
        return put(properties)

    def update(physical_id: str, old: Any, new: Any, stack_name: str) -> Any:
        del stack_name
        delete(physical_id, old)
        return put(new)

    def delete(physical_id: str, properties: Any) -> None:
        del properties
        bus, _, sid = physical_id.partition("|")
        _write(bus, _others(bus, sid))

    provisioners._RESOURCE_HANDLERS["AWS::Events::EventBusPolicy"] = {
        "create": create,
        "update": update,
        "delete": delete,
    }


def _others(bus: str, sid: str) -> list[Any]:
    policy = eventbridge._event_bus_policies.get(bus) or {}
    return [one for one in policy.get("Statement", []) if one.get("Sid") != sid]


def _write(bus: str, statements: list[Any]) -> None:
    document = {"Version": "2012-10-17", "Statement": statements}
    eventbridge._event_bus_policies[bus] = document


def _deliver_to_other_accounts() -> None:
    """A rule's target may be a bus of another account, whose policy has to let the event in."""
    original = eventbridge._invoke_target

    def invoke(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        arn = str(target.get("Arn", ""))
        account = iam_evaluator._account_from_arn(arn)
        if ":event-bus/" not in arn or account in (None, get_account_id()):
            original(target, event, rule, view)
            return
        if why := _refusal(str(target.get("RoleArn", "")), arn, event, rule_arn=rule["Arn"]):
            logger.warning("The rule %s delivers nothing: %s", rule.get("Name"), why)
            return
        forwarded = {
            **event,
            "EventBusName": arn.partition(":event-bus/")[2],
            "_DispatchPath": [],  # of rules in this account, whose names may be there, too
        }
        with request_scope(account, get_region()):
            eventbridge._dispatch_event(forwarded)

    eventbridge._invoke_target = invoke


def _refusal(role_arn: str, bus_arn: str, event: Any, *, rule_arn: str) -> str | None:
    identities = Identities.here()
    if event.get("Account") != identities.account_id:
        return "an event that came from another account goes no further"
    if not role_arn:
        return "its target, a bus of another account, has no role"
    caller = {"aws:SourceArn": rule_arn, "aws:SourceAccount": identities.account_id}
    if not identities.trusts(role_arn, _SERVICE, context=caller):
        return f"{role_arn} does not trust {_SERVICE}"
    context = {"events:source": event.get("Source"), "events:detail-type": event.get("DetailType")}
    return identities.refusal(role_arn, _PUT, bus_arn, context=context)
