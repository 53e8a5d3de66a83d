"""settings.toml: values at the edge of what is allowed, and values that do not go together."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_stacks.settings import load_settings
from tests.unit.settings_files import VALID, edited, message_of


def _with_times(folder: Path, *, training_minutes: int, approval_hours: int) -> Path:
    text = VALID.read_text(encoding="utf-8")
    changes = {
        "max_runtime_minutes = 60": f"max_runtime_minutes = {training_minutes}",
        "timeout_hours = 48": f"timeout_hours = {approval_hours}",
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["ab", "a1", "a" * 20, "a-b"])
def test_a_name_of_2_to_20_characters_is_taken(tmp_path: Path, name: str) -> None:
    settings = load_settings(edited(tmp_path, 'name = "iris"', f'name = "{name}"'))

    assert settings.model.name == name


@pytest.mark.parametrize("images", [10, 1000])
def test_ten_images_or_more_may_be_kept(tmp_path: Path, images: int) -> None:
    settings = load_settings(edited(tmp_path, "keep_images = 30", f"keep_images = {images}"))

    assert settings.retention.keep_images == images


def test_training_has_no_number_of_machines(tmp_path: Path) -> None:
    # The container trains on one: with more, each would train the same model.
    path = edited(tmp_path, "volume_gib = 10", "volume_gib = 10\ninstance_count = 2")

    assert message_of(path) == (
        "settings.toml: training.instance_count is not a setting; remove it or correct its name"
    )


@pytest.mark.parametrize(
    ("training_minutes", "approval_hours"), [(1, 128), (60, 127), (108 * 60, 20)]
)
def test_training_and_approval_that_end_while_the_pipeline_waits_are_taken(
    tmp_path: Path, training_minutes: int, approval_hours: int
) -> None:
    path = _with_times(tmp_path, training_minutes=training_minutes, approval_hours=approval_hours)

    assert load_settings(path).approval.timeout_hours == approval_hours


@pytest.mark.parametrize(
    ("training_minutes", "approval_hours", "hours", "over"),
    [(1, 129, 0.0166667, 0.65), (108 * 60, 21, 108, 0.633), (60, 168, 1, 40.6)],
)
def test_training_and_approval_together_longer_than_the_pipeline_waits_give_one_line(
    tmp_path: Path, training_minutes: int, approval_hours: int, hours: float, over: float
) -> None:
    path = _with_times(tmp_path, training_minutes=training_minutes, approval_hours=approval_hours)

    assert message_of(path) == (
        f"settings.toml: training.max_runtime_minutes ({hours:g} hours), "
        f"approval.timeout_hours ({approval_hours}) and the waits of endpoint.rollout take "
        f"{over:g} hours too long together: CodePipeline waits 7 days"
    )


def test_as_many_approvals_as_approvers_may_be_required(tmp_path: Path) -> None:
    path = edited(tmp_path, "approvals_required = 1", "approvals_required = 2")

    assert load_settings(path).approval.approvals_required == 2


def test_without_the_settings_one_approval_of_anybody_is_enough(tmp_path: Path) -> None:
    path = edited(tmp_path, "approvals_required = 1\ncommitter_may_approve = true\n", "")

    approval = load_settings(path).approval
    assert (approval.approvals_required, approval.committer_may_approve) == (1, True)


def _codecommit(folder: Path, *, committer_may_approve: bool) -> Path:
    lines = [
        line
        for line in VALID.read_text(encoding="utf-8").splitlines()
        if not line.startswith(("connection_arn", "exclude_paths"))
    ]
    text = (
        "\n".join(lines)
        .replace('kind = "connection"', 'kind = "codecommit"')
        .replace('"example-org/example-model"', '"example-model"')
        .replace("may_approve = true", f"may_approve = {str(committer_may_approve).lower()}")
    )
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_who_has_committed_is_asked_of_a_source_that_knows_it(tmp_path: Path) -> None:
    assert load_settings(_codecommit(tmp_path, committer_may_approve=True))
    path = _codecommit(tmp_path, committer_may_approve=False)

    assert message_of(path) == (
        "settings.toml: approval.committer_may_approve = false: only true is allowed with "
        'source.kind = "codecommit", which does not tell who has committed'
    )


def test_a_connection_knows_who_has_committed(tmp_path: Path) -> None:
    path = edited(tmp_path, "committer_may_approve = true", "committer_may_approve = false")

    assert load_settings(path).approval.committer_may_approve is False
