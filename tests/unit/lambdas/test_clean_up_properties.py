"""Clean-up, whatever there is: nothing that serves, or is about to, is ever deleted."""

from __future__ import annotations

import copy
from typing import Any, cast

from clean_up.inventory import Inventory, Place, digest_of, take_inventory
from clean_up.plan import make_plan
from hypothesis import event, given, settings
from hypothesis import strategies as st
from shared.release_resources import delete_all

from tests.unit.lambdas.sagemaker_account import (
    GROUP,
    MACHINE,
    Account,
    Configured,
    Deployed,
    execution,
)

_PLACE = Place(
    model_name="iris",
    endpoint_name="iris",
    model_package_group="iris",
    state_machine_arn=MACHINE,
)
_EXECUTIONS = tuple(execution(name) for name in "abcdef")
_FOREIGN = ("iris-b--x", "iris-x", "my-iris--x", "IRIS--x", "other", "iris")
_OWN = tuple(
    f"iris--{commit}-{digest_of(arn)}-{attempt}"
    for arn in _EXECUTIONS
    for commit, attempt in (("1a2b3c4d", "0"), ("9f8e7d6c", "1-2"))
)
_NAMES = st.sampled_from(_OWN + _FOREIGN)
_VERSIONS = tuple(f"{GROUP}/{number}" for number in range(1, 13))
_CONFIGURATION = st.builds(
    Configured,
    models=st.lists(_NAMES, max_size=2),
    shadow=st.lists(_NAMES, max_size=1),
    version=st.sampled_from(("", "arn:unknown", *_VERSIONS)),
    age=st.integers(0, 9),
)
_ENDPOINT = st.builds(
    Deployed,
    configuration=_NAMES,
    status=st.sampled_from(("InService",) * 4 + ("Updating", "RollingBack", "Failed", "Creating")),
    pending=st.just("") | _NAMES,
)
_ACCOUNTS = st.builds(
    Account,
    models=st.sets(_NAMES),
    configurations=st.dictionaries(_NAMES, _CONFIGURATION),
    endpoints=st.dictionaries(st.sampled_from(("iris", "iris-b", "theirs")), _ENDPOINT),
    versions=st.dictionaries(
        st.sampled_from(_VERSIONS),
        st.sampled_from(("Approved", "Approved", "Rejected", "PendingManualApproval")),
    ),
    running=st.sets(st.sampled_from(_EXECUTIONS), max_size=2),
)


def _look(account: Account) -> Inventory:
    client = cast(Any, account)
    return take_inventory(client, client, place=_PLACE)


def _clean(account: Account, *, keep: int) -> str:
    """Clean up once; returns why nothing was done, or ""."""
    plan = make_plan(_look(account), model_name="iris", keep_versions=keep)
    delete_all(cast(Any, account), configurations=plan.configurations, models=plan.models)
    return plan.postponed


def _in_use(account: Account) -> set[str]:
    return {
        name
        for endpoint in account.endpoints.values()
        for name in (endpoint.configuration, endpoint.pending)
        if name
    }


def _models_of(account: Account, configurations: set[str]) -> set[str]:
    made = [account.configurations[name] for name in configurations & set(account.configurations)]
    return {model for one in made for model in one.models + one.shadow}


def _of_a_running_release(name: str, account: Account) -> bool:
    return any(digest_of(arn) in name for arn in account.running)


_MANY = settings(max_examples=400, deadline=None)


@_MANY
@given(account=_ACCOUNTS, keep=st.integers(1, 4))
def test_what_serves_or_is_about_to_is_never_deleted(account: Account, keep: int) -> None:
    before = copy.deepcopy(account)

    postponed = _clean(account, keep=keep)

    event("postponed" if postponed else f"deleted {min(len(account.deleted), 3)} or more")
    serving = _in_use(before)
    assert not {("configuration", name) for name in serving} & set(account.deleted)
    assert not {("model", name) for name in _models_of(before, serving)} & set(account.deleted)
    # Nor what a release has made that has not ended, nor what is not this model's
    for _, name in account.deleted:
        assert not _of_a_running_release(name, before)
        assert name.startswith("iris--")


@_MANY
@given(account=_ACCOUNTS, keep=st.integers(1, 4))
def test_beside_what_serves_only_the_newest_versions_stay(account: Account, keep: int) -> None:
    before = copy.deepcopy(account)
    if _clean(account, keep=keep):
        assert account == before
        return

    # Then of what neither serves nor is being made, the newest approved versions are left
    serving = _in_use(before)
    own = {name for name in before.configurations if name.startswith("iris--")}
    live = {before.configurations[name].version for name in serving & own}
    spare = {
        name: before.configurations[name]
        for name in own - serving
        if not _of_a_running_release(name, before)
    }
    approved = {arn for arn, status in before.versions.items() if status == "Approved"} - live
    newest = sorted(
        {one.version for one in spare.values()} & approved,
        key=lambda arn: int(arn.rpartition("/")[2]),
    )[-keep:]
    left = [one for name, one in spare.items() if name in account.configurations]
    assert sorted(one.version for one in left) == sorted(newest)
    for one in left:
        assert one.age == max(o.age for o in spare.values() if o.version == one.version)
    # And no models but those that something left names, or that are being made
    needed = _models_of(before, (set(account.configurations) & own) | serving)
    unknown = serving - set(before.configurations)
    assert account.models == {
        name
        for name in before.models
        if not name.startswith("iris--")
        or unknown
        or name in needed
        or _of_a_running_release(name, before)
    }


@settings(max_examples=100, deadline=None)
@given(account=_ACCOUNTS, keep=st.integers(1, 4))
def test_repeated_it_changes_nothing(account: Account, keep: int) -> None:
    _clean(account, keep=keep)
    once = copy.deepcopy(account)

    _clean(account, keep=keep)

    assert account == once
