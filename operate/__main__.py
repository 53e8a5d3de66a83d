"""`python -m operate decisions`: who decided what about which release.

It asks AWS by the usual environment or profile, and the local cloud after `. .local/env`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import boto3

from mlops_stacks.settings import SETTINGS_FILE, SettingsError, load_settings
from operate.decisions import read_decisions, table_of
from operate.errors import OperateError, explained
from operate.listing import as_json, as_text


def main() -> int:
    """Run one command; the exit code is 0 when it did what it says."""
    arguments = _parser().parse_args()
    try:
        model = load_settings(arguments.settings).names.model
        with explained():
            session = boto3.session.Session()
            decisions = read_decisions(session, table_of(session, model=model))
    except (OperateError, SettingsError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    if arguments.json:
        print(json.dumps(as_json(decisions), indent=1))
    else:
        print(as_text(decisions))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m operate", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    decisions = commands.add_parser("decisions", help="decisions on releases, newest first")
    decisions.add_argument("--json", action="store_true", help="a JSON list, for programs")
    decisions.add_argument(
        "--settings", type=Path, default=SETTINGS_FILE, help="another file than settings.toml"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
