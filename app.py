#!/usr/bin/env python3
"""Composition root: settings, then the pipeline with its stage, then the security checks."""

import sys
from pathlib import Path

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from mlops_stacks.pipeline_stack import PipelineStack
from mlops_stacks.settings import SETTINGS_FILE, Settings, load_settings
from mlops_stacks.settings_faults import SettingsError


def build(app: App, settings: Settings) -> PipelineStack:
    """Add every stack to the app."""
    pipeline = PipelineStack(app, "ModelPipeline", settings=settings)
    for key, value in settings.tags.items():
        Tags.of(app).add(key, value)
    return pipeline


def main() -> None:
    """Synthesize; `-c settings=<file>` takes another settings file."""
    app = App()
    path = Path(app.node.try_get_context("settings") or SETTINGS_FILE)
    try:
        settings = load_settings(path)
    except SettingsError as error:
        sys.exit(str(error))
    build(app, settings)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
