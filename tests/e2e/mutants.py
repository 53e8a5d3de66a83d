"""Faults in the synthesized template of the pipeline, each of which the local run must catch.

A change of an action, artifact, path, order, permission or buildspec line is small to make, and on
AWS it shows only when the pipeline runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.pipeline_template import PipelineTemplate

Change = Callable[[PipelineTemplate], None]

_SYNTH = "Build/Synth"
_BUILD, _START = "iris-Production/BuildImage", "iris-Production/StartRelease"
_PREPARE, _DEPLOY = "iris-Production/Foundation.Prepare", "iris-Production/Foundation.Deploy"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One fault.

    Attributes:
        name: of its pipeline; says what is wrong.
        fault: the same in words.
        change: puts it into the template.
        where: the action that must fail; "" if the deployment of the pipeline must.
        says: what the message must name.
        skips: stages that are left out, because what they do has been done already.
        engine: whether its run gets as far as needing a container engine.
    """

    name: str
    fault: str
    change: Change
    where: str
    says: tuple[str, ...]
    skips: tuple[str, ...] = ("UpdatePipeline", "Assets")
    engine: bool = False


def _renamed_artifact(template: PipelineTemplate) -> None:
    template.action(_SYNTH)["OutputArtifacts"][0]["Name"] = "Synth_Result"


def _artifact_of_no_input(template: PipelineTemplate) -> None:
    configuration = template.action(_PREPARE)["Configuration"]
    path = configuration["TemplatePath"].partition("::")[2]
    configuration["TemplatePath"] = f"BuildImage_Output::{path}"


def _swapped_stages(template: PipelineTemplate) -> None:
    stages = template.pipeline["Stages"]
    names = [stage["Name"] for stage in stages]
    build, production = names.index("Build"), names.index("iris-Production")
    stages[build], stages[production] = stages[production], stages[build]


def _swapped_order(template: PipelineTemplate) -> None:
    build, start = template.action(_BUILD), template.action(_START)
    build["RunOrder"], start["RunOrder"] = start["RunOrder"], build["RunOrder"]


def _unknown_namespace(template: PipelineTemplate) -> None:
    template.action("Source/Source")["Namespace"] = "Origin"


def _unknown_action(template: PipelineTemplate) -> None:
    template.action(_START)["ActionTypeId"]["Provider"] = "StepFunction"


def _wrong_branch(template: PipelineTemplate) -> None:
    template.action("Source/Source")["Configuration"]["BranchName"] = "releases"


def _wrong_input_file(template: PipelineTemplate) -> None:
    configuration = template.action(_START)["Configuration"]
    configuration["Input"] = configuration["Input"].replace("release-input", "release_input")


def _wrong_template_file(template: PipelineTemplate) -> None:
    configuration = template.action(_PREPARE)["Configuration"]
    configuration["TemplatePath"] = "Synth_Output::Foundation.template.json"


def _wrong_change_set(template: PipelineTemplate) -> None:
    template.action(_DEPLOY)["Configuration"]["ChangeSetName"] = "PipelineChanges"


def _wrong_state_machine(template: PipelineTemplate) -> None:
    parts = template.action(_START)["Configuration"]["StateMachineArn"]["Fn::Join"][1]
    parts[-1] += "s"


def _buildspec(title: str, old: str, new: str) -> Change:
    return lambda template: template.in_buildspec(title, old, new)


def _without(title: str | None, *actions: str) -> Change:
    return lambda template: template.without_permission(title, *actions)


def _unprivileged(template: PipelineTemplate) -> None:
    template.project(_BUILD)["Environment"]["PrivilegedMode"] = False


def _without_repository(template: PipelineTemplate) -> None:
    configuration = template.action(_BUILD)["Configuration"]
    configuration["EnvironmentVariables"] = configuration["EnvironmentVariables"].replace(
        '"REPOSITORY_URI"', '"REPOSITORY_URL"'
    )


MUTANTS = (
    Mutant(
        name="artifact-renamed",
        fault="Synth's output artifact has another name",
        change=_renamed_artifact,
        where="",
        says=("UpdatePipeline", "SelfMutate", "Synth_Output"),
        skips=(),
    ),
    Mutant(
        name="artifact-of-no-input",
        fault="Foundation.Prepare takes its template from an artifact that is not its input",
        change=_artifact_of_no_input,
        where="",
        says=("Production", "Foundation.Prepare", "BuildImage_Output"),
    ),
    Mutant(
        name="stages-swapped",
        fault="the stages Build and Production have changed places",
        change=_swapped_stages,
        where="",
        says=("Production", "Synth_Output"),
        skips=(),
    ),
    Mutant(
        name="order-swapped",
        fault="StartRelease runs before BuildImage, whose output it reads",
        change=_swapped_order,
        where="",
        says=("Production", "StartRelease", "BuildImage_Output"),
    ),
    Mutant(
        name="namespace-unknown",
        fault="the source's variables have another namespace",
        change=_unknown_namespace,
        where="",
        says=("Production", "BuildImage", "CommitId"),
    ),
    Mutant(
        name="action-unknown",
        fault="an action of a type that there is not",
        change=_unknown_action,
        where="",
        says=("Production", "StartRelease", "StepFunction"),
    ),
    Mutant(
        name="connection-denied",
        fault="the pipeline may not use the connection",
        change=_without(
            None, "codeconnections:UseConnection", "codestar-connections:UseConnection"
        ),
        where="Source/Source",
        says=("UseConnection", "connection/00000000"),
    ),
    Mutant(
        name="artifact-not-readable",
        fault="Synth's role may not read artifacts",
        change=_without(_SYNTH, "s3:GetObject*"),
        where=_SYNTH,
        says=("s3:GetObject", "mutant-artifact-not-readable"),
    ),
    Mutant(
        name="artifact-not-decryptable",
        fault="Synth's role may not decrypt artifacts",
        change=_without(_SYNTH, "kms:Decrypt"),
        where=_SYNTH,
        says=("kms:Decrypt", "mutant-artifact-not-decryptable"),
    ),
    Mutant(
        name="log-not-writable",
        fault="Synth's role may not write its log",
        change=_without(_SYNTH, "logs:CreateLogStream"),
        where=_SYNTH,
        says=("logs:CreateLogStream", "mutant-log-not-writable"),
    ),
    Mutant(
        name="build-not-startable",
        fault="the pipeline may not start builds",
        change=_without(None, "codebuild:StartBuild"),
        where=_SYNTH,
        says=("codebuild:StartBuild", "ReleasePipelineRole"),
    ),
    Mutant(
        name="command-broken",
        fault="a command of Synth's buildspec is misspelt",
        change=_buildspec(_SYNTH, '"make check"', '"make chekc"'),
        where=_SYNTH,
        says=("make chekc", "exit status 2"),
    ),
    Mutant(
        name="phase-unknown",
        fault="a phase of Synth's buildspec is misspelt",
        change=_buildspec(_SYNTH, '"build"', '"biuld"'),
        where=_SYNTH,
        says=("biuld",),
    ),
    Mutant(
        name="runtime-unknown",
        fault="Synth asks for a Python that the build image has not",
        change=_buildspec(_SYNTH, '"3.13"', '"3.99"'),
        where=_SYNTH,
        says=("python", "3.99"),
    ),
    Mutant(
        name="output-missing",
        fault="Synth's artifacts are looked for in another folder",
        change=_buildspec(_SYNTH, '"cdk.out"', '"cdk-out"'),
        where=_SYNTH,
        says=("cdk-out",),
    ),
    Mutant(
        name="template-missing",
        fault="the Foundation's template has another path",
        change=_wrong_template_file,
        where=_PREPARE,
        says=("Foundation.template.json", "Synth_Output"),
    ),
    Mutant(
        name="deploy-denied",
        fault="the pipeline may not take the role that deploys",
        change=_without(None, "sts:AssumeRole"),
        where=_PREPARE,
        says=("sts:AssumeRole", "cdk-hnb659fds-deploy-role"),
    ),
    Mutant(
        name="change-set-unknown",
        fault="Foundation.Deploy executes a change set that nobody has made",
        change=_wrong_change_set,
        where=_DEPLOY,
        says=("PipelineChanges",),
    ),
    Mutant(
        name="build-unprivileged",
        fault="BuildImage has no container engine, for want of privileged mode",
        change=_unprivileged,
        where=_BUILD,
        says=("build-and-push.sh", "engine"),
    ),
    Mutant(
        name="variable-renamed",
        fault="BuildImage gets its repository in a variable of another name",
        change=_without_repository,
        where=_BUILD,
        says=("build-and-push.sh", "REPOSITORY_URI"),
    ),
    Mutant(
        name="image-not-pushable",
        fault="BuildImage's role may not put an image into the repository",
        change=_without(_BUILD, "ecr:PutImage"),
        where=_BUILD,
        says=("ecr:PutImage",),
        engine=True,
    ),
    Mutant(
        name="input-missing",
        fault="StartRelease reads its input from another path",
        change=_wrong_input_file,
        where=_START,
        says=("BuildImage_Output", "release_input.json"),
        engine=True,
    ),
    Mutant(
        name="release-not-startable",
        fault="the pipeline may not start the workflow",
        change=_without(None, "states:StartExecution"),
        where=_START,
        says=("states:StartExecution", "iris-release"),
        engine=True,
    ),
    Mutant(
        name="workflow-unknown",
        fault="StartRelease starts a workflow that there is not",
        change=_wrong_state_machine,
        where=_START,
        says=("iris-releases",),
        engine=True,
    ),
)
