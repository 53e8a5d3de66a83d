"""What serves, where it comes from, who decided, and the way back.

It asks AWS by the usual environment or profile, and the local cloud after `. .local/env`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import boto3

from mlops_stacks.names import Names
from mlops_stacks.settings import load_settings, settings_file
from mlops_stacks.settings_faults import SettingsError
from operate import lineage, listing, versions
from operate.decisions import read_decisions
from operate.errors import OperateError, explained
from operate.follow import follow
from operate.live import read_live
from operate.registry import read_versions
from operate.rollback import make_plan, serving, start
from operate.stacks import table_of
from operate.wording import printable

_INTERRUPTED = 130
_LAST = 50


def main() -> int:
    """Run one command; the exit code is 0 when it did what it says."""
    arguments = _parser().parse_args()
    run: Callable[[argparse.Namespace, boto3.session.Session, Names], int] = arguments.run
    try:
        names = load_settings(arguments.settings).for_environment(arguments.environment).names
        with explained():
            return run(arguments, boto3.session.Session(), names)
    except (OperateError, SettingsError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1


def _decisions(arguments: argparse.Namespace, session: boto3.session.Session, names: Names) -> int:
    found = read_decisions(session, table_of(session, names))
    return _show(_json(listing.as_json(found)) if arguments.json else listing.as_text(found))


def _lineage(arguments: argparse.Namespace, session: boto3.session.Session, names: Names) -> int:
    found = lineage.read_lineage(session, names)
    return _show(_json(lineage.as_json(found)) if arguments.json else lineage.as_text(found))


def _versions(arguments: argparse.Namespace, session: boto3.session.Session, names: Names) -> int:
    found = versions.Listing(
        versions=list(read_versions(session, names.model_package_group, last=arguments.last)),
        live=read_live(session, names.endpoint),
    )
    return _show(_json(versions.as_json(found)) if arguments.json else versions.as_text(found))


def _show(text: str) -> int:
    try:
        print(text, flush=True)
    except BrokenPipeError:
        # Who reads it, such as `head`, has seen enough. What is still buffered goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _rollback(arguments: argparse.Namespace, session: boto3.session.Session, names: Names) -> int:
    plan = make_plan(session, names, number=arguments.version)
    print(plan.as_text())
    execution_arn = start(session, plan, reason=arguments.reason)
    print(f"Execution {execution_arn}", flush=True)
    if arguments.no_wait:
        return 0
    try:
        end = follow(session, execution_arn, tell=lambda line: print(f"  {line}", flush=True))
    except KeyboardInterrupt:
        print(
            "Not followed any longer: the execution goes on. To stop it:\n"
            f"  aws stepfunctions stop-execution --execution-arn {execution_arn}",
            file=sys.stderr,
        )
        return _INTERRUPTED
    live = read_live(session, names.endpoint)
    is_live = live is not None and live.version_arn == plan.version.arn
    if end.status == "SUCCEEDED" and is_live and live is not None and live.status == "InService":
        print(f"Version {plan.version.number} is live.")
        return 0
    if end.status == "SUCCEEDED":
        raise OperateError(
            what=f"Version {plan.version.number} was put back and passed its test, but the "
            "endpoint has been changed since",
            why=f"another run has followed; what serves is {serving(live)}",
            next_step="look again with `make lineage` once the endpoint is InService",
        )
    raise OperateError(
        what=f"Version {plan.version.number} was not put back ({end.status})",
        why=printable(": ".join(part for part in (end.error, end.cause) if part))
        or "the execution gave no reason",
        next_step=f"see what serves, which is {serving(live)}, and the mail about this execution; "
        "`make versions` lists what else could be put back",
    )


def _json(content: object) -> str:
    return json.dumps(content, indent=1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operate", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(
        name: str,
        run: Callable[[argparse.Namespace, boto3.session.Session, Names], int],
        *,
        says: str,
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=says, description=says)
        added.add_argument(
            "--settings", type=Path, default=settings_file(), help="another file than settings.toml"
        )
        added.add_argument(
            "--environment", default="", help="one of those that the settings file lists, if any"
        )
        added.set_defaults(run=run)
        return added

    for name, run, says in (
        ("decisions", _decisions, "decisions on releases, newest first"),
        ("lineage", _lineage, "the live model: commit, data, decision, metrics"),
        ("versions", _versions, "registered versions, newest first"),
    ):
        added = command(name, run, says=says)
        added.add_argument("--json", action="store_true", help="JSON, for programs")
        if name == "versions":
            added.add_argument(
                "--last", type=_positive, default=_LAST, help=f"how many at most ({_LAST})"
            )
    rollback = command("rollback", _rollback, says="put an approved version back")
    rollback.add_argument(
        "--version",
        type=_positive,
        help="its number; else the one that served last before the live one",
    )
    rollback.add_argument("--reason", default="", help="why, for the mail about it")
    rollback.add_argument("--no-wait", action="store_true", help="start it and do not follow it")
    return parser


def _positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:10]) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
