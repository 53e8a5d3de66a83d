"""Which pushes start a pipeline: triggers and their glob patterns.

https://docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-filter.html
https://docs.aws.amazon.com/codepipeline/latest/userguide/syntax-glob.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from local.pipeline.definition import Action, Definition

FILES_LOOKED_AT = 100
"""File paths are compared for so many changed files of a push; further ones start nothing."""


def matches(pattern: str, path: str) -> bool:
    """Whether a glob pattern matches a whole path or branch name.

    `*` and `?` stop at a slash and `**` does not; `[a-z]` and `{a,b}` are sets; a backslash takes
    a character by itself. `**/*.md` does not match `README.md`, which has no slash.
    """
    return _compiled(pattern).fullmatch(path) is not None


def kept_out(push: Mapping[str, Any], *, branch: str, files: Sequence[str]) -> str | None:
    """Why one push filter does not let a push through; None if it does.

    Args:
        push: a GitPushFilter in the API's spelling.
        files: the paths that the push changes.
    """
    if "tags" in push:
        return "it waits for tags"
    if reason := _kept_out_branch(push.get("branches", {}), branch):
        return reason
    paths = push.get("filePaths")
    if not paths or not files:
        return None
    looked_at = files[:FILES_LOOKED_AT]
    if any(_passes(paths, path) for path in looked_at):
        return None
    more = len(files) - len(looked_at)
    beyond = f" of the first {FILES_LOOKED_AT}, {more} more are not looked at" if more else ""
    excludes, includes = paths.get("excludes", []), paths.get("includes", [])
    told = [
        f"{word} {', '.join(patterns)}"
        for word, patterns in (("FilePaths.Excludes", excludes), ("FilePaths.Includes", includes))
        if patterns
    ]
    shown = ", ".join(looked_at[:3]) + (", …" if len(looked_at) > 3 else "")
    return f"its filter {' and '.join(told)} leaves none of the changed files ({shown}){beyond}"


def kept_out_of(
    definition: Definition, action: Action, *, branch: str, files: Sequence[str]
) -> str | None:
    """Why a push does not start a pipeline by the source action of a connection; None if it does.

    A trigger decides where there is one, else the action's own branch.
    """
    triggers = [
        trigger["gitConfiguration"]
        for trigger in definition.triggers
        if trigger["gitConfiguration"]["sourceActionName"] == action.name
    ]
    if triggers:
        pushes = [push for trigger in triggers for push in trigger.get("push", [])]
        told = [kept_out(push, branch=branch, files=files) for push in pushes]
        return None if None in told else " and ".join(str(reason) for reason in told)
    if action.configuration.get("DetectChanges", "true").lower() != "true":
        return f"its source action {action.name} has no trigger and does not detect changes"
    watched = action.configuration["BranchName"]
    return None if watched == branch else f"it watches the branch {watched}, not {branch}"


def _kept_out_branch(criteria: Mapping[str, Any], branch: str) -> str | None:
    for pattern in criteria.get("excludes", []):
        if matches(pattern, branch):
            return f"its filter Branches.Excludes {pattern} keeps the branch {branch} out"
    includes = criteria.get("includes", [])
    if includes and not any(matches(pattern, branch) for pattern in includes):
        return f"its filter Branches.Includes {', '.join(includes)} does not match {branch}"
    return None


def _passes(criteria: Mapping[str, Any], path: str) -> bool:
    """Excludes win over includes; without includes everything is in."""
    if any(matches(pattern, path) for pattern in criteria.get("excludes", [])):
        return False
    includes = criteria.get("includes", [])
    return not includes or any(matches(pattern, path) for pattern in includes)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    index, in_group = 0, False
    while index < len(pattern):
        char = pattern[index]
        index += 1
        if char == "*":
            crosses = pattern[index : index + 1] == "*"
            index += crosses
            parts.append(".*" if crosses else "[^/]*")
        elif char == "?":
            parts.append("[^/]")
        elif char == "\\" and index < len(pattern):
            parts.append(re.escape(pattern[index]))
            index += 1
        elif char == "[" and "]" in pattern[index + 1 :]:
            end = pattern.index("]", index + 1)
            parts.append(_set(pattern[index:end]))
            index = end + 1
        elif char == "{" and not in_group and "}" in pattern[index:]:
            parts.append("(?:")
            in_group = True
        elif char == "}" and in_group:
            parts.append(")")
            in_group = False
        else:
            parts.append("|" if char == "," and in_group else re.escape(char))
    return re.compile("".join(parts), re.DOTALL)


def _set(members: str) -> str:
    negated = members.startswith("!")
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", members.removeprefix("!"))
    return f"[{'^/' if negated else ''}{escaped}]"
