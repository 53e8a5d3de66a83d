"""CodePipeline in MiniStack's tables: its API, its resource, its events, its templates."""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
import uuid
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ministack.core.responses import (  # type: ignore[import-untyped]
    get_account_id,
    request_scope,
)
from ministack.services import eventbridge  # type: ignore[import-untyped]
from ministack.services.cloudformation import (  # type: ignore[import-untyped]
    helpers,
    provisioners,
)

from local.cloud.identities import Identities
from local.cloud.json_services import Call, offer
from local.codebuild.builds import Builds
from local.pipeline.api import SERVICE, TARGET_PREFIX, Api, resource_arns
from local.pipeline.executions import Trigger
from local.pipeline.pipeline import BY_RULE, Pipeline
from local.pipeline.service import Pipelines
from local.pipeline.surroundings import Surroundings
from local.sagemaker.errors import ApiError
from local.sagemaker.json_protocol import Response

logger = logging.getLogger(__name__)

_TEMPLATES = "https://codepipeline.invalid/"


def install(identities: Identities, builds: Builds, *, state_dir: Path) -> Pipelines:
    """Offer the API and AWS::CodePipeline::Pipeline; call it once, before the first request."""
    pipelines = Pipelines(
        Surroundings(
            region=identities.region,
            state_dir=state_dir,
            session=identities.session,
            refusal=identities.refusal,
            trusts=identities.trusts,
            send_event=_send_event,
            offer_template=_Templates().offer,
        ),
        builds,
    )
    _add_api(Api(pipelines))
    _add_resource(pipelines)
    _add_target(pipelines, identities)
    return pipelines


def _add_api(api: Api) -> None:
    def resources(call: Call) -> list[str]:
        place = {"region": call.region, "account": call.account_id}
        return resource_arns(call.operation, call.arguments, **place)

    def answer(call: Call) -> Awaitable[Response]:
        # Another thread: starting an execution tells EventBridge, whose targets call back.
        return asyncio.to_thread(api.answer, call.operation, call.body, account=call.account_id)

    offer(SERVICE, targets=TARGET_PREFIX, resources=resources, answer=answer)


def _add_resource(pipelines: Pipelines) -> None:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-codepipeline-pipeline.html"""

    def made(pipeline: Pipeline) -> Any:
        return pipeline.definition.name, {"Version": str(pipeline.version)}

    def create(logical_id: str, properties: Any, stack_name: str) -> Any:
        name = properties.get("Name") or f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12]}"[:100]
        return made(pipelines.create(properties, name=name, account=get_account_id()))

    def update(physical_id: str, old: Any, new: Any, stack_name: str) -> Any:
        if old.get("Name") != new.get("Name"):
            raise ValueError(f"The local cloud cannot rename the pipeline {physical_id}.")
        del stack_name
        return made(pipelines.update(new, name=physical_id, account=get_account_id()))

    def delete(physical_id: str, properties: Any) -> None:
        del properties
        pipelines.delete(physical_id, account=get_account_id())

    provisioners._RESOURCE_HANDLERS["AWS::CodePipeline::Pipeline"] = {
        "create": create,
        "update": update,
        "delete": delete,
    }


def _add_target(pipelines: Pipelines, identities: Identities) -> None:
    """Let rules start pipelines, by the role of their target.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
    """
    original = eventbridge._invoke_target

    def invoke(target: Any, event: Any, rule: Any, view: Any = None) -> None:
        arn, role = target.get("Arn", ""), target.get("RoleArn", "")
        if not arn.startswith("arn:aws:codepipeline:"):
            original(target, event, rule, view)
            return
        try:
            refused = identities.refusal(role, "codepipeline:StartPipelineExecution", arn)
            caller = {"aws:SourceArn": rule.get("Arn", ""), "aws:SourceAccount": role.split(":")[4]}
            if refused or not identities.trusts(role, "events.amazonaws.com", context=caller):
                logger.error("A rule may not start %s: %s", arn, refused or f"no trust in {role}")
                return
            account, name = arn.split(":")[4:6]
            pipelines.find(name, account=account).start(
                Trigger(kind=BY_RULE, detail=rule.get("Arn", ""))
            )
        except (ApiError, IndexError) as error:
            logger.error("A rule cannot start %s: %s", arn, error)

    eventbridge._invoke_target = invoke


def _send_event(*, source: str, detail_type: str, resource: str, detail: Mapping[str, Any]) -> None:
    """Put an event of a service on the default bus of its resource's account."""
    region, account = resource.split(":")[3:5]
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": [resource],
    }

    def put() -> None:
        with request_scope(account, region):
            eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)

    contextvars.copy_context().run(put)


class _Templates:
    """Hands templates over to CloudFormation, which takes only small ones in a request.

    CodePipeline hands it what it has read from an artifact; whoever may read the artifact was
    asked before. https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
    """

    def __init__(self) -> None:
        self._offered: dict[str, str] = {}
        original = helpers._resolve_document

        def resolve(parameters: Any, body_key: str, url_key: str, label: str) -> Any:
            url = helpers._p(parameters, url_key)
            if url in self._offered:
                return self._offered[url], None
            return original(parameters, body_key, url_key, label)

        helpers._resolve_document = resolve

    @contextmanager
    def offer(self, template: str) -> Iterator[str]:
        """A URL at which CloudFormation finds a template."""
        url = f"{_TEMPLATES}{uuid.uuid4()}"
        self._offered[url] = template
        try:
            yield url
        finally:
            del self._offered[url]
