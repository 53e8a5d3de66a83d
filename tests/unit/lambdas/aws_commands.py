"""AWS CLI commands in mails, held against the service models that the CLI is made of."""

from __future__ import annotations

import shlex

import botocore.session
from botocore import xform_name

# Options of the CLI itself: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-options.html
_GLOBAL = {"region", "query", "output"}
# What the CLI calls otherwise than the service does:
# https://docs.aws.amazon.com/cli/latest/reference/sns/subscribe.html
_RENAMED = {("sns", "subscribe"): {"endpoint": "notification-endpoint"}}


def commands(body: str) -> list[list[str]]:
    """Every AWS CLI command in a mail, as a shell would split it."""
    return [shlex.split(part) for part in body.split("\n\n") if part.startswith("aws ")]


def option(command: list[str], name: str) -> str:
    """The value of an option."""
    return command[command.index(f"--{name}") + 1]


def unknown_options(command: list[str]) -> set[str]:
    """Options that the CLI does not know for this command."""
    _, service, operation, *rest = command
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    members = [xform_name(member, "-") for member in (shape.members if shape else {})]
    renamed = _RENAMED.get((service, operation), {})
    known = {renamed.get(member, member) for member in members}
    given = {word.removeprefix("--") for word in rest if word.startswith("--")}
    return given - known - _GLOBAL
