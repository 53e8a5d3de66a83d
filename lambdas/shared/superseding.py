"""A newer release supersedes an older one that still waits for its approval."""

from __future__ import annotations

from shared.approvals import Approval
from shared.approvals_table import ApprovalsTable


def ask(table: ApprovalsTable, approval: Approval) -> Approval:
    """Record a question, or renew it, and let newer releases supersede older ones.

    Returns the approval as it is then: itself superseded if a release that started later waits for
    its approval or has it. Whoever asks later sees this one among those that wait, or is seen by
    it; and what a crash leaves undone, the next one to ask does.

    Raises:
        TransientError: as ApprovalsTable.record.
    """
    recorded = table.record(approval)
    if recorded.status != "PENDING":
        return recorded
    own = recorded.approval_id
    ids = table.join_waiting(own)
    others = [other for other in map(table.get, sorted(ids - {own})) if other]
    alive = [one for one in (recorded, *others) if one.status in ("PENDING", "APPROVED")]
    newest = max(alive, key=lambda one: one.age)
    for older in alive:
        if older != newest and older.status == "PENDING":
            table.settle(
                older.approval_id,
                status="SUPERSEDED",
                settled_at=approval.requested_at,
                superseded_by=f"commit {newest.commit_id}",
            )
    table.leave_waiting(ids - {newest.approval_id})
    give_way(table, newest, now=approval.requested_at)
    return table.get(own) or recorded


def give_way(table: ApprovalsTable, approval: Approval, *, now: str) -> bool:
    """Supersede an approval that waits while a newer commit waits behind it in the pipeline.

    That commit's release cannot start before this one's run has ended: the stage is locked.
    https://docs.aws.amazon.com/codepipeline/latest/userguide/concepts-how-it-works.html
    """
    execution_id = table.newer_in_pipeline(approval) if approval.status == "PENDING" else None
    if execution_id is None:
        return False
    return table.settle(
        approval.approval_id,
        status="SUPERSEDED",
        settled_at=now,
        superseded_by=f"pipeline execution {execution_id}",
    )
