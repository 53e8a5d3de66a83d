"""What of it all may go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.release_resources import prefix_of

from clean_up.inventory import Configuration, Inventory

# What an endpoint has served until now may have to come back.
_CHANGING = {"Updating", "RollingBack"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Names of what is to be deleted; postponed says why nothing is, or is ""."""

    configurations: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    postponed: str = ""


def make_plan(inventory: Inventory, *, model_name: str, keep_versions: int) -> Plan:
    """Everything but what serves, what a running release has made, and the newest other versions.

    Of the approved versions that do not serve, the newest *keep_versions* keep their newest
    configuration each. Models stay as long as a configuration that stays names them.

    While a deployment is under way, all waits: it may put back any configuration that has served.
    The end of its execution brings the next clean-up, and each day brings one.
    """
    if reason := _deployment(inventory, model_name=model_name):
        return Plan(postponed=reason)
    used = {name for endpoint in inventory.endpoints for name in endpoint.configurations}
    idle = [
        one
        for one in inventory.configurations
        if one.name not in used and not _is_running(one.name, inventory)
    ]
    serving = {one.version for one in inventory.configurations if one.name in used}
    kept = _newest(
        [one for one in idle if one.version in inventory.approved and one.version not in serving],
        inventory=inventory,
        keep_versions=keep_versions,
    )
    deleted = {one.name for one in idle} - {one.name for one in kept}
    staying = [one for one in inventory.configurations if one.name not in deleted]
    return Plan(
        configurations=tuple(sorted(deleted)),
        models=tuple(sorted(_unused_models(inventory, staying=staying))),
    )


def _deployment(inventory: Inventory, *, model_name: str) -> str:
    """Why a configuration that serves no more may come back, or ""."""
    listed = {one.name for one in inventory.configurations}
    for endpoint in inventory.endpoints:
        own = {name for name in endpoint.configurations if name.startswith(prefix_of(model_name))}
        if own and endpoint.status in _CHANGING:
            return f"endpoint {endpoint.name} is {endpoint.status}"
        if any(_is_running(name, inventory) for name in own):
            return f"the release that endpoint {endpoint.name} serves has not ended yet"
        if own - listed:
            return f"endpoint {endpoint.name} serves what was made, or deleted, meanwhile"
    return ""


def _is_running(name: str, inventory: Inventory) -> bool:
    return any(f"-{digest}-" in name for digest in inventory.running)


def _newest(
    configurations: list[Configuration], *, inventory: Inventory, keep_versions: int
) -> list[Configuration]:
    by_version: dict[str, Configuration] = {}
    for one in sorted(configurations, key=lambda one: (one.created_at, one.name)):
        by_version[one.version] = one
    newest = sorted(by_version, key=lambda version: inventory.approved[version], reverse=True)
    return [by_version[version] for version in newest[:keep_versions]]


def _unused_models(inventory: Inventory, *, staying: Iterable[Configuration]) -> set[str]:
    needed = {model for one in staying for model in one.models}
    for endpoint in inventory.endpoints:
        if endpoint.models is None:
            # It serves, and nobody can tell which model.
            return set()
        needed |= endpoint.models
    return {
        model
        for model in inventory.models
        if model not in needed and not _is_running(model, inventory)
    }
