"""Several accounts and regions on one cloud: SageMaker and the identities of each.

MiniStack keeps all state by the account and the region of a request: the account of the root's
access key, which is an account's id, or of the role. This does the same for what it lacks.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from ministack.core.responses import (  # type: ignore[import-untyped]
    get_account_id,
    get_region,
    request_scope,
)

from local.cloud import metrics
from local.cloud.identities import Identities
from local.sagemaker.cloud import Cloud, RecordMetric, Timings
from local.sagemaker.runners.base import Runner
from local.sagemaker.service import SageMaker

Place = tuple[str, str]
"""Account and region."""


class Accounts:
    """The SageMaker of every account and region, made when it is first asked for.

    Args:
        home: the account and region whose files lie in `state_dir` itself; those of others lie in
            `state_dir/accounts/<account>/<region>`.
        runner: runs the images of all.
    """

    def __init__(self, *, home: Place, state_dir: Path, runner: Runner, timings: Timings) -> None:
        self._home = home
        self._state_dir = state_dir
        self._runner = runner
        self._timings = timings
        self._services: dict[Place, SageMaker] = {}
        self._lock = threading.Lock()

    def sagemaker(self) -> SageMaker:
        """SageMaker of the account and region of the request that is being answered."""
        place = (get_account_id(), get_region())
        with self._lock:
            if place not in self._services:
                self._services[place] = self._make(place)
            return self._services[place]

    def shutdown(self) -> None:
        """End every job, endpoint, process and container of all accounts."""
        with self._lock:
            for service in self._services.values():
                service.shutdown()

    def _make(self, place: Place) -> SageMaker:
        account_id, region = place
        identities = Identities.here()
        folder = self._state_dir
        if place != self._home:
            folder = folder / "accounts" / account_id / region
        return SageMaker(
            Cloud(
                account_id=account_id,
                region=region,
                state_dir=folder,
                role_session=identities.session,
                may_pass_role=identities.may_pass_role,
                may_deregister=identities.may_deregister,
                runner=self._runner,
                timings=self._timings,
                record_metric=_recorder(place),
            )
        )


def _recorder(place: Place) -> RecordMetric:
    """Puts values into the CloudWatch of an account, from whatever thread."""

    def record(
        namespace: str, name: str, value: float, *, unit: str, dimensions: Mapping[str, str]
    ) -> None:
        with request_scope(*place):
            metrics.record(namespace, name, value, unit=unit, dimensions=dimensions)

    return record
