#!/usr/bin/env python3
"""Composition root: settings, then the pipeline with its stage, then the security checks."""

import sys
from pathlib import Path

from aws_cdk import App, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from mlops_stacks.pipeline_stack import PipelineStack
from mlops_stacks.settings import Settings, load_settings, path_in_repository, settings_file
from mlops_stacks.settings_faults import SettingsError


def build(app: App, settings: Settings, *, file: str | None = None) -> PipelineStack:
    """Add every stack to the app.

    Args:
        file: the settings file, which the pipeline shall read, too; None is settings.toml.
    """
    pipeline = PipelineStack(app, "ModelPipeline", settings=settings, settings_file=file)
    for key, value in settings.tags.items():
        Tags.of(app).add(key, value)
    return pipeline


def main() -> None:
    """Synthesize settings.toml, or the file that SETTINGS names: the pipeline reads it, too.

    `-c settings=<file>` takes another file this once; the pipeline reads settings.toml.
    """
    app = App()
    once = app.node.try_get_context("settings")
    path = Path(once) if once else settings_file()
    try:
        settings = load_settings(path)
    except SettingsError as error:
        sys.exit(str(error))
    build(app, settings, file=None if once else path_in_repository(path))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()


if __name__ == "__main__":
    main()
