"""Task tokens and keys stay where they belong."""

from __future__ import annotations

import json

from local.release import Release
from tests.e2e.system import System
from tests.e2e.web import ask, look, submit


def _log_lines(system: System) -> list[str]:
    """Every line in CloudWatch Logs."""
    logs = system.client("logs")
    found: list[str] = []
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group["logGroupName"]):
            found += [event["message"] for event in page["events"]]
    return found


def test_a_task_token_is_seen_by_nobody(system: System, waiting: Release) -> None:
    # Given a release that waited and was decided
    link = waiting.wait_for_approval_link()
    token = system.approval(waiting)["taskToken"]
    assert len(token) > 20
    pages = [ask("GET", link).text, json.dumps(look(link))]
    pages.append(submit(link, decision="reject", reason="No").text)
    system.ended(waiting)
    pages += [ask("GET", link).text, submit(link, decision="approve").text]
    # Then its token is in no page, mail, log of the cloud, nor file of the process
    mails = [json.dumps(mail) for mail in waiting.mails()]
    lines = _log_lines(system)
    assert any("approvalAnswered" in line for line in lines), "the functions do log"
    for seen in (*pages, *mails, *lines):
        assert token not in seen
    files = [path for path in system.cloud.state_dir.rglob("*.log") if path.is_file()]
    assert files
    for path in files:
        assert token not in path.read_text(encoding="utf-8", errors="replace"), path
