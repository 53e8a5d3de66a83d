"""Whether the account may have the machines that a release asks for.

https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_ListServiceQuotas.html
"""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from botocore.exceptions import BotoCoreError, ClientError
from shared.logs import log_event
from shared.text import amount
from shared.transient import error_name, is_transient

if TYPE_CHECKING:
    from mypy_boto3_service_quotas import ServiceQuotasClient
    from mypy_boto3_service_quotas.type_defs import ServiceQuotaTypeDef

Use = Literal["training job", "spot training job", "transform job", "endpoint"]

_SERVICE = "sagemaker"


@dataclass(frozen=True, kw_only=True)
class Demand:
    """So many instances of a type for a use at a time, and the setting that asks for the type."""

    use: Use
    instance_type: str
    instances: int
    setting: str

    @property
    def quota_name(self) -> str:
        """SageMaker's name of the quota: ml.m5.large for training job usage."""
        return f"{self.instance_type} for {self.use} usage"


def quota_faults(quotas: ServiceQuotasClient, demands: Sequence[Demand], region: str) -> list[str]:
    """The quotas that are too small, and how to raise each.

    What cannot be looked up for good, or is not listed, stops nothing: the job itself would tell.

    Raises:
        botocore.exceptions.ClientError, botocore.exceptions.BotoCoreError: what may pass by itself.
    """
    try:
        found = _look_up(quotas, {demand.quota_name for demand in demands})
    except (ClientError, BotoCoreError) as error:
        if is_transient(error):
            raise
        log_event("quotasUnknown", level="WARNING", reason=error_name(error))
        return []
    if unlisted := sorted({demand.quota_name for demand in demands} - set(found)):
        log_event("quotasNotListed", level="WARNING", quotas=", ".join(unlisted))
    return [
        _told(demand, found[demand.quota_name], region=region)
        for demand in demands
        if demand.quota_name in found and found[demand.quota_name]["Value"] < demand.instances
    ]


def _look_up(
    quotas: ServiceQuotasClient, names: Collection[str]
) -> Mapping[str, ServiceQuotaTypeDef]:
    """The quotas of these names: the account's own values, else AWS's defaults.

    SageMaker has thousands, and no call gives one by its name; no page more is read than needed.
    """
    found: dict[str, ServiceQuotaTypeDef] = {}
    for operation in ("list_service_quotas", "list_aws_default_service_quotas"):
        if len(found) < len(names):
            pages = quotas.get_paginator(operation).paginate(ServiceCode=_SERVICE)
            _take(found, (one for page in pages for one in page["Quotas"]), names)
    return found


def _take(
    found: dict[str, ServiceQuotaTypeDef],
    listed: Iterable[ServiceQuotaTypeDef],
    names: Collection[str],
) -> None:
    for quota in listed:
        name = quota.get("QuotaName", "")
        if name in names and name not in found and "Value" in quota:
            found[name] = quota
            if len(found) == len(names):
                return


def _told(demand: Demand, quota: ServiceQuotaTypeDef, *, region: str) -> str:
    return (
        f"The quota '{demand.quota_name}' is {quota['Value']:g}, and the release needs "
        f"{amount(demand.instances, 'instance')}. Ask for more in the console (Service Quotas, AWS "
        "services, Amazon SageMaker), or by this command; it may take AWS a day. Or choose another "
        f"type as {demand.setting} in settings.toml and commit. Then release again.\n\n"
        "aws service-quotas request-service-quota-increase \\\n"
        f"  --region {shlex.quote(region)} \\\n"
        f"  --service-code {_SERVICE} \\\n"
        f"  --quota-code {shlex.quote(quota['QuotaCode'])} \\\n"
        f"  --desired-value {demand.instances}"
    )
