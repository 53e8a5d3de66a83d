"""What the app writes, the pipeline's own publisher of assets can read: decision 33."""

from __future__ import annotations

import json
from pathlib import Path

from aws_cdk import App, Stack
from aws_cdk import aws_s3_assets as s3_assets

from mlops_stacks.constructs.release_pipeline import CDK_ASSETS_SCHEMA


def test_asset_manifests_are_not_newer_than_cdk_assets_reads(tmp_path: Path) -> None:
    stack = Stack(App(outdir=str(tmp_path)), "Stack")
    s3_assets.Asset(stack, "Asset", path=__file__)
    App.of(stack).synth()  # type: ignore[union-attr]
    [manifest] = tmp_path.glob("*.assets.json")
    written = json.loads(manifest.read_text(encoding="utf-8"))
    assert written["files"], "the manifest lists the asset"
    assert int(written["version"].partition(".")[0]) <= CDK_ASSETS_SCHEMA, (
        "the stage Assets of a deployed pipeline would fail: take a newer cdk-assets, or an "
        "aws-cdk-lib whose manifests it reads"
    )
