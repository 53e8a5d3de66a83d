"""Names that are given and not generated: they begin with the model's, so that two models fit."""

from __future__ import annotations

from tests.infrastructure.synthesis import Synthesis, build_app, settings_of


def _synthesis_of(model: str) -> Synthesis:
    settings = settings_of("shipped")
    other = settings.model.model_copy(update={"name": model})
    return Synthesis(tree=build_app(settings.model_copy(update={"model": other})))


def _given_names(synthesis: Synthesis) -> set[str]:
    """Stacks, exports, and what the templates name; pieces of a name are joined in order."""
    names = {stack.stack_name for stack in synthesis.stacks.values()}
    for template in synthesis.templates.values():
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                names.add(str(output["Export"]["Name"]))
        for resource in template["Resources"].values():
            kind = resource["Type"].split("::")[-1]
            if kind in ("Api", "Policy", "Stage"):
                continue  # these names need not be unique in an account
            for key in ("Name", f"{kind}Name"):
                if key in resource.get("Properties", {}):
                    names.add(f"{kind} {resource['Properties'][key]}")
    return names


def test_stacks_and_pipeline_are_called_after_the_model(shipped: Synthesis) -> None:
    assert {name: stack.stack_name for name, stack in shipped.stacks.items()} == {
        "pipeline": "iris-pipeline",
        "foundation": "iris-Production-Foundation",
        "release": "iris-Production-Release",
    }
    assert shipped.only("AWS::CodePipeline::Pipeline")["Name"] == "iris-pipeline"


def test_the_pipeline_deploys_the_stacks_under_these_names(shipped: Synthesis) -> None:
    stages = shipped.only("AWS::CodePipeline::Pipeline")["Stages"]
    deployed = {
        action["Configuration"]["StackName"]
        for stage in stages
        for action in stage["Actions"]
        if action["ActionTypeId"]["Provider"] == "CloudFormation"
    }

    assert deployed == {"iris-Production-Foundation", "iris-Production-Release"}


def test_another_model_in_the_same_account_shares_no_name(shipped: Synthesis) -> None:
    # Given a second copy of the project in which only the model's name differs
    wine = _given_names(_synthesis_of("wine"))
    iris = _given_names(shipped)

    assert {"iris-pipeline", "Pipeline iris-pipeline", "StateMachine iris-release"} <= iris
    assert {name.replace("iris", "wine") for name in iris} == wine
    assert iris & wine == set()
