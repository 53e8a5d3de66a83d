"""The kinds of actions that the local CodePipeline knows; every other one fails at deployment."""

from __future__ import annotations

from local.pipeline.actions import build, change_sets, codecommit, source, step_functions
from local.pipeline.actions.base import Kind
from local.pipeline.definition import Action

KINDS = (source.KIND, codecommit.KIND, build.KIND, change_sets.KIND, step_functions.KIND)


def kind_of(action: Action) -> Kind | None:
    """The kind of an action; None if it is not offered."""
    return next(
        (
            kind
            for kind in KINDS
            if (action.owner, action.kind, action.version) == ("AWS", kind.provider, "1")
            and action.category in kind.categories
        ),
        None,
    )
