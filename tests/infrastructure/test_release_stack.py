"""What keeps no state: the functions, the workflow's own settings, outputs and tags."""

from __future__ import annotations

import json

import pytest
from aws_cdk.assertions import Match, Template

from tests.infrastructure.intrinsics import Intrinsics
from tests.infrastructure.synthesis import ROOT, Synthesis, build_app, settings_of

_FUNCTION = "AWS::Lambda::Function"
_FOLDERS = {
    "answer_approval",
    "ask_approval",
    "clean_up",
    "close_approval",
    "find_live",
    "find_training",
    "find_version",
    "gather_evidence",
    "inspect_data",
    "invoke_endpoint",
    "mail_outcome",
    "measure_part",
    "merge_parts",
    "plan_evaluation",
    "preflight",
    "record_outcome",
    "register_version",
    "smoke_test",
    "tear_down",
    "tell_workflow",
}

_WHERE_WANTED = {"make_offer", "retrain", "take_offer"}


def test_each_folder_with_a_handler_is_a_function(shipped: Synthesis) -> None:
    handlers = {f["Properties"]["Handler"] for f in shipped.resources(_FUNCTION).values()}

    assert handlers == {f"{folder}.handler.handle" for folder in _FOLDERS}
    folders = {path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py")}
    assert folders == _FOLDERS | _WHERE_WANTED


def test_each_function_has_a_role_of_its_own(shipped: Synthesis) -> None:
    functions = shipped.resources(_FUNCTION).values()
    roles = {function["Properties"]["Role"]["Fn::GetAtt"][0] for function in functions}

    assert len(roles) == len(functions)


def test_each_function_logs_json_to_a_group_of_its_own_for_a_limited_time(
    shipped: Synthesis,
) -> None:
    functions = shipped.resources(_FUNCTION).values()
    logging = [function["Properties"]["LoggingConfig"] for function in functions]
    groups = {config["LogGroup"]["Ref"] for config in logging}

    assert {config["LogFormat"] for config in logging} == {"JSON"}
    assert len(groups) == len(functions)
    assert groups < set(shipped.resources("AWS::Logs::LogGroup"))


def test_every_log_group_forgets_when_the_settings_say(shipped: Synthesis) -> None:
    groups = shipped.resources("AWS::Logs::LogGroup").values()

    assert {group["Properties"]["RetentionInDays"] for group in groups} == {60}


@pytest.mark.parametrize(
    ("handler", "seconds"),
    [
        ("answer_approval", 30),
        ("ask_approval", 30),
        ("clean_up", 300),
        ("close_approval", 30),
        ("find_live", 60),
        ("find_training", 120),
        ("find_version", 60),
        ("gather_evidence", 120),
        ("inspect_data", 300),
        ("invoke_endpoint", 30),
        ("mail_outcome", 30),
        ("measure_part", 900),
        ("merge_parts", 900),
        ("plan_evaluation", 900),
        ("preflight", 300),
        ("record_outcome", 120),
        ("register_version", 60),
        ("smoke_test", 120),
        ("tear_down", 900),
        ("tell_workflow", 30),
    ],
)
def test_each_function_has_time_for_what_it_does(
    release_template: Template, handler: str, seconds: int
) -> None:
    # The default of 3 seconds is too short for a cold start that calls AWS.
    release_template.has_resource_properties(
        _FUNCTION, {"Handler": f"{handler}.handler.handle", "Timeout": seconds}
    )


def test_functions_run_on_a_supported_python_on_arm(shipped: Synthesis) -> None:
    for function in shipped.resources(_FUNCTION).values():
        assert function["Properties"]["Runtime"] == "python3.14"
        assert function["Properties"]["Architectures"] == ["arm64"]


def _environments(synthesis: Synthesis) -> dict[str, dict[str, str]]:
    templates = synthesis.templates
    intrinsics = Intrinsics(templates["release"], others=(templates["foundation"],))
    return {
        function["Properties"]["Handler"].split(".")[0]: intrinsics.resolve(
            function["Properties"].get("Environment", {}).get("Variables", {})
        )
        for function in synthesis.resources(_FUNCTION, stack="release").values()
    }


def test_functions_learn_names_from_their_environment(shipped: Synthesis) -> None:
    environments = _environments(shipped)

    link_key = "arn:aws:kms:eu-west-1:123456789012:key/LinkKeyA6C2E162"
    table = {"APPROVALS_TABLE": "ApprovalsTable8722BC13"}
    api = "https://apihttpapi4c294dc0.execute-api.eu-west-1.amazonaws.com"
    approvers = {
        "APPROVAL_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:MailApprovalsBE428168",
        "APPROVERS": '["ada@example.com", "grace@example.com"]',
        "APPROVALS_REQUIRED": "1",
        "COMMITTER_MAY_APPROVE": "true",
    }
    assert environments == {
        "answer_approval": {**table, "LINK_KEY_ARN": link_key},
        "ask_approval": {**table, **approvers, "API_URL": api, "LINK_KEY_ARN": link_key},
        "clean_up": {
            "MODEL_NAME": "iris",
            "ENDPOINT_NAME": "iris",
            "MODEL_PACKAGE_GROUP": "iris",
            "STATE_MACHINE_ARN": "arn:aws:states:eu-west-1:123456789012:stateMachine:iris-release",
            "KEEP_VERSIONS": "2",
        },
        "close_approval": table,
        "find_live": {},
        "find_training": {},
        "find_version": {},
        "gather_evidence": {
            "GATE": '{"thresholds": {"accuracy": 0.6}, "allowedRegression": {"accuracy": 0.02}}'
        },
        "inspect_data": {},
        "invoke_endpoint": {"ENDPOINT_NAME": "iris"},
        "mail_outcome": {
            "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:MailOutcomes87337B1C",
            "INFERENCE_URL": f"{api}/inference",
            "INFERENCE_ACCESS": "iam",
        },
        "measure_part": {},
        "merge_parts": {},
        "plan_evaluation": {},
        "preflight": approvers,
        "record_outcome": {"MODEL_NAME": "iris", "MODEL_PACKAGE_GROUP": "iris"},
        "register_version": {},
        "smoke_test": {"ENDPOINT_NAME": "iris"},
        "tear_down": {},
        "tell_workflow": table,
    }


def test_the_gate_of_a_regression_is_what_the_settings_say(closed: Synthesis) -> None:
    assert json.loads(_environments(closed)["gather_evidence"]["GATE"]) == {
        "thresholds": {"rmse": 0.5},
        "allowedRegression": {"mae": 0.1},
    }


def test_who_must_agree_is_what_the_settings_say(closed: Synthesis) -> None:
    environment = _environments(closed)["ask_approval"]

    assert environment["APPROVALS_REQUIRED"] == "2"
    assert environment["COMMITTER_MAY_APPROVE"] == "false"


def test_the_most_and_longest_addresses_fit_into_the_environment() -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 4 KB for all
    settings = settings_of("shipped")
    addresses = tuple(f"{letter * 242}@example.com" for letter in "abcdefghij")
    people = settings.notifications.model_copy(update={"approvers": addresses})
    synthesis = Synthesis(tree=build_app(settings.model_copy(update={"notifications": people})))

    assert len(json.dumps(_environments(synthesis)["ask_approval"])) < 4096 - 500


def test_the_workflow_logs_every_step_but_no_data(release_template: Template) -> None:
    # Execution data would put task tokens into the log.
    release_template.has_resource_properties(
        "AWS::StepFunctions::StateMachine",
        {"LoggingConfiguration": {"Level": "ALL", "IncludeExecutionData": False}},
    )


def test_the_workflow_is_traced(release_template: Template) -> None:
    release_template.has_resource_properties(
        "AWS::StepFunctions::StateMachine", {"TracingConfiguration": {"Enabled": True}}
    )


def test_the_workflow_waits_for_its_policy(shipped: Synthesis) -> None:
    # Step Functions checks log permissions when the state machine is made.
    (machine,) = shipped.resources("AWS::StepFunctions::StateMachine").values()
    role = machine["Properties"]["RoleArn"]["Fn::GetAtt"][0]
    policies = {
        logical_id
        for logical_id, policy in shipped.resources("AWS::IAM::Policy").items()
        if {"Ref": role} in policy["Properties"]["Roles"]
    }

    assert policies
    assert policies <= set(machine["DependsOn"])


def test_the_stack_tells_where_to_start_and_where_to_ask(release_template: Template) -> None:
    release_template.has_output("StateMachineArn", {"Value": {"Ref": Match.any_value()}})
    release_template.has_output("InferenceUrl", {"Value": Match.any_value()})
    release_template.has_output("DashboardName", {"Value": "iris-releases"})


@pytest.mark.parametrize("stack", ["pipeline", "foundation", "release"])
def test_every_stack_carries_the_tags_of_the_settings(shipped: Synthesis, stack: str) -> None:
    tag = {"Key": "application", "Value": "model-release"}
    roles_and_stores = [
        *shipped.resources("AWS::IAM::Role", stack=stack).values(),
        *shipped.resources("AWS::S3::Bucket", stack=stack).values(),
    ]

    assert roles_and_stores
    for resource in roles_and_stores:
        assert tag in resource["Properties"].get("Tags", [])
