"""settings.toml: one clear line for each wrong value."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.settings_files import edited, message_of

# What stands in the valid file, what stands there instead, and what the message says.
_WRONG = [
    # name of a model
    ('name = "iris"', 'name = "Iris"', "model.name = 'Iris'", "2 to 20 lower-case"),
    ('name = "iris"', 'name = "9iris"', "model.name = '9iris'", "beginning with a letter"),
    ('name = "iris"', 'name = "ir--is"', "model.name = 'ir--is'", "single hyphens"),
    ('name = "iris"', f'name = "{"a" * 21}"', f"model.name = '{'a' * 21}'", "2 to 20"),
    ('name = "iris"', 'name = "i"', "model.name = 'i'", "2 to 20"),
    ('name = "iris"', "name = 5", "model.name = 5", "string"),
    ('name = "iris"', 'name = ""', "model.name = ''", "2 to 20"),
    # addresses
    (
        '"ada@example.com", "grace@example.com"]',
        '"ada.example.com"]',
        "notifications.approvers.0 = 'ada.example.com'",
        "an e-mail address",
    ),
    (
        '["ada@example.com", "grace@example.com"]',
        "[]",
        "notifications.approvers = []",
        "at least 1",
    ),
    (
        '["ada@example.com", "grace@example.com"]',
        '"ada@example.com"',
        "notifications.approvers = 'ada@example.com'",
        "a list in square brackets",
    ),
    (
        'operations = ["operations@example.com"',
        'operations = ["operations@localhost"',
        "notifications.operations.0 = 'operations@localhost'",
        "an e-mail address",
    ),
    # source
    ('kind = "connection"', 'kind = "github"', "source.kind = 'github'", "'connection'"),
    (
        'repository = "example-org/example-model"',
        'repository = "https://example.org/model"',
        "source.repository = 'https://example.org/model'",
        '"owner/name"',
    ),
    ('branch = "release"', 'branch = "my branch"', "source.branch = 'my branch'", "a branch name"),
    (
        'connection_arn = "arn:aws:codeconnections:',
        'connection_arn = "arn:aws:s3:::',
        "source.connection_arn = 'arn:aws:s3:::",
        "the ARN of a CodeConnections connection",
    ),
    (
        '["docs/**", "**.md"]',
        '["1", "2", "3", "4", "5", "6", "7", "8", "9"]',
        "source.exclude_paths = ['1'",
        "at most 8",
    ),
    # machines
    (
        '[training]\ninstance_type = "ml.m5.large"',
        '[training]\ninstance_type = "m5.large"',
        "training.instance_type = 'm5.large'",
        '"ml.m5.large"',
    ),
    ("volume_gib = 10", "volume_gib = 0", "training.volume_gib = 0", "greater than or equal to 1"),
    ("volume_gib = 10", "volume_gib = 16385", "training.volume_gib = 16385", "16384"),
    (
        "max_runtime_minutes = 60",
        "max_runtime_minutes = 7201",
        "training.max_runtime_minutes = 7201",
        "7200",
    ),
    (
        "max_runtime_minutes = 60",
        'max_runtime_minutes = "60"',
        "training.max_runtime_minutes = '60'",
        "valid integer",
    ),
    (
        "max_runtime_minutes = 60",
        "max_runtime_minutes = 60.5",
        "training.max_runtime_minutes = 60.5",
        "valid integer",
    ),
    (
        "max_runtime_minutes = 60",
        "max_runtime_minutes = true",
        "training.max_runtime_minutes = True",
        "valid integer",
    ),
    (
        '[transform]\ninstance_type = "ml.m5.large"',
        '[transform]\ninstance_type = "ml.m5"',
        "transform.instance_type = 'ml.m5'",
        "an instance type that SageMaker has for",
    ),
    (
        '[transform]\ninstance_type = "ml.m5.large"\ninstance_count = 1',
        '[transform]\ninstance_type = "ml.m5.large"\ninstance_count = 0',
        "transform.instance_count = 0",
        "greater than or equal to 1",
    ),
    (
        'instance_type = "ml.m5.xlarge"',
        'instance_type = "m5.xlarge"',
        "endpoint.instance_type = 'm5.xlarge'",
        "an instance type that SageMaker has for",
    ),
    (
        'instance_type = "ml.m5.xlarge"\ninstance_count = 2',
        'instance_type = "ml.m5.xlarge"\ninstance_count = 101',
        "endpoint.instance_count = 101",
        "less than or equal to 100",
    ),
    (
        '[transform]\ninstance_type = "ml.m5.large"',
        '[transform]\ninstance_type = "ml.t2.medium"',
        "transform.instance_type = 'ml.t2.medium'",
        "an instance type that SageMaker has for transform",
    ),
    (
        "max_leaf_nodes = 5",
        "max_leaf_nodes = nan",
        "model.hyperparameters.max_leaf_nodes",
        "text, a finite number, true or false is allowed",
    ),
    (
        '["docs/**", "**.md"]',
        '["docs/**", ""]',
        "source.exclude_paths.1 = ''",
        "at least 1 character",
    ),
    (
        '["ada@example.com", "grace@example.com"]',
        '["ada@example.com", "Ada@example.com"]',
        "notifications.approvers = ",
        "each only once is allowed",
    ),
    # approval, inference, retention
    ("timeout_hours = 48", "timeout_hours = 169", "approval.timeout_hours = 169", "168"),
    ("timeout_hours = 48", "timeout_hours = 0", "approval.timeout_hours = 0", "1"),
    (
        "approvals_required = 1",
        "approvals_required = -1",
        "approval.approvals_required = -1",
        "greater than or equal to 0",
    ),
    (
        "approvals_required = 1",
        "approvals_required = 3",
        "approval.approvals_required = 3",
        "at most 2 is allowed, the number of notifications.approvers",
    ),
    (
        "approvals_required = 1",
        'approvals_required = "all"',
        "approval.approvals_required = 'all'",
        "valid integer",
    ),
    (
        "committer_may_approve = true",
        "committer_may_approve = 0",
        "approval.committer_may_approve = 0",
        "valid boolean",
    ),
    (
        '["ada@example.com", "grace@example.com"]',
        str([f"{letter}@example.com" for letter in "abcdefghijk"]),
        "notifications.approvers = ['a@example.com'",
        "at most 10",
    ),
    (
        'access = "iam"',
        'access = "public"',
        "inference.access = 'public'",
        "'iam', 'open' or 'off'",
    ),
    ("burst_limit = 20", "burst_limit = 5001", "inference.burst_limit = 5001", "5000"),
    ("rate_limit = 40", "rate_limit = 0", "inference.rate_limit = 0", "1"),
    (
        "keep_data_on_delete = true",
        'keep_data_on_delete = "no"',
        "retention.keep_data_on_delete = 'no'",
        "valid boolean",
    ),
    ("keep_images = 30", "keep_images = 9", "retention.keep_images = 9", "equal to 10"),
    ("log_days = 60", "log_days = 61", "retention.log_days = 61", "1, 3, 5, 7, 14, 30, 60, 90"),
    ('application = "model-release"', "application = 5", "tags.application = 5", "string"),
]


@pytest.mark.parametrize(("old", "new", "field", "allowed"), _WRONG, ids=[w[2] for w in _WRONG])
def test_a_wrong_value_gives_one_line_with_field_value_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, field: str, allowed: str
) -> None:
    message = message_of(edited(tmp_path, old, new))

    assert len(message.splitlines()) == 1, message
    assert message.startswith(f"settings.toml: {field}")
    assert allowed in message
