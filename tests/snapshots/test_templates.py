"""Each template as it was when somebody last looked: an unexpected difference is a failure.

After a change that is meant, `make snapshots` writes them anew; the difference is reviewed with
the commit.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from mlops_stacks.constructs import release_function
from tests.infrastructure.synthesis import Synthesis, build_app, settings_of, synthesized
from tests.snapshots.masking import masked

_DIGEST = "0123456789abcdef" * 4


@pytest.mark.parametrize("stack", ["pipeline", "foundation", "release"])
def test_the_template_is_the_reviewed_one(stack: str, snapshot: SnapshotAssertion) -> None:
    template = masked(synthesized().templates[stack])

    assert template == snapshot(extension_class=JSONSnapshotExtension)


def test_other_code_of_the_functions_changes_no_snapshot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given the same app with other code in lambdas/
    (tmp_path / "other.py").write_text("# other code", encoding="utf-8")
    monkeypatch.setattr(release_function, "_CODE", tmp_path)

    other = Synthesis(tree=build_app(settings_of("shipped"))).templates

    shipped = synthesized().templates
    assert other["release"] != shipped["release"]
    assert other["pipeline"] != shipped["pipeline"]
    assert masked(other) == masked(shipped)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{_DIGEST}.zip", "<hash>.zip"),
        (
            f'publish "{_DIGEST}:current_account-current_region-ba0436d2"',
            'publish "<hash>:current_account-current_region-<hash>"',
        ),
        ("ApiDeployment149F1294" + "0123456789abcdef" * 2, "ApiDeployment<hash>"),
        ("FunctionCurrentVersion149F1294" + "0123456789abcdef" * 2, "FunctionCurrentVersion<hash>"),
        ("DataBucketE6B0FAA8", "DataBucketE6B0FAA8"),
    ],
)
def test_only_digests_are_masked(text: str, expected: str) -> None:
    assert masked({text: [text]}) == {expected: [expected]}
