"""build-and-push.sh: what is built, tried, pushed and handed over, with stand-ins for programs."""

import subprocess
import sys

import pytest
from build_bench import COMMIT, DIGEST, ECR, TAG, Bench
from support import CONTAINER


def test_a_new_commit_is_built_tried_pushed_and_handed_over(bench: Bench) -> None:
    done = bench.push(HYPERPARAMETERS='{"leaves": "5"}', TAKES='{"leaves": "5"}')
    assert done.code == 0, done.err
    assert done.release == {"commitID": TAG, "imageUri": f"{ECR}@{DIGEST}"}
    assert done.call("docker push ").endswith(f"{ECR}:{TAG}")
    assert "--username AWS --password-stdin 123456789012.dkr.ecr" in done.call("docker login")
    assert "secret" not in done.out + done.err
    order = [call.split()[1] for call in done.calls if call.startswith("docker ")]
    assert order.index("build") < order.index("exec") < order.index("push")
    assert (bench.folder / "out/sbom.cdx.json").read_text() == '{"bomFormat": "CycloneDX"}\n'


def test_the_labels_tell_where_it_comes_from(bench: Bench) -> None:
    given = {"SOURCE_URL": "https://git.example.com/iris", "BASE_IMAGE": "my/base:1"}
    build = bench.push(**given).call("docker build ")
    for label in (
        "revision=" + COMMIT,
        "source=https://git.example.com/iris",
        "base.name=my/base:1",
    ):
        assert f"--label org.opencontainers.image.{label}" in build
    assert "--label org.opencontainers.image.created=20" in build


def test_later_actions_read_the_same_as_variables(bench: Bench) -> None:
    done = bench.push(COMMITTER="o'neil@example.com")
    file = bench.folder / "out/image.env"
    # What another program gets: CodeBuild sees no more of its shell than that.
    program = ["sh", "-c", '. "$0" && exec env -0', str(file)]
    seen = subprocess.run(program, env={}, capture_output=True, text=True, check=True).stdout
    known = dict(line.split("=", 1) for line in seen.split("\0") if line)
    assert (
        known.items()
        >= {
            "COMMIT_TAG": TAG,
            "IMAGE_URI": f"{ECR}@{DIGEST}",
            "IMAGE_DIGEST": DIGEST,
            "COMMITTER": "o'neil@example.com",
        }.items()
    )
    assert file.read_text() in done.out


def test_a_committer_that_would_break_json_is_no_variable(bench: Bench) -> None:
    bench.push(COMMITTER='", "commitID": "other')
    assert "COMMITTER=''\n" in (bench.folder / "out/image.env").read_text()


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"HYPERPARAMETERS": '{"nope": "5"}'}, "unknown: {'nope': '5'}"),
        ({"NO_MODEL": "1"}, "train left no model"),
        ({"PING": "503"}, "/ping did not answer 200"),
        ({"ROOT": "python3 serve"}, "serve works as root"),
        ({"INVOCATIONS": "500"}, "/invocations answered 500 to text/csv"),
        ({"MISSING": "1"}, "rows did not get a prediction each"),
        ({"EXIT_CODE": "137"}, "serve ended with 137 on SIGTERM"),
        ({"NO_SBOM": "1"}, "has no bill of materials"),
    ],
)
def test_an_image_that_breaks_its_contract_is_not_pushed(
    bench: Bench, environment: dict[str, str], said: str
) -> None:
    done = bench.push(**environment)
    assert (done.code, done.release, done.tags) == (1, None, {})
    assert said in done.err
    assert "Do: " in done.err


def test_a_text_in_the_sample_is_named_before_anything_runs(bench: Bench) -> None:
    sample = bench.folder / "held-out.csv"
    sample.write_text("label,length,width\nsetosa,1,2\n", encoding="utf-8")
    tried = [sys.executable, str(CONTAINER / "contract_test.py"), "image", "--test", str(sample)]
    done = subprocess.run([*tried, "--engine", "true"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "held-out.csv has a row with no number" in done.stderr
    assert "'length'" in done.stderr


def test_the_contract_is_tried_without_network_on_a_file_system_that_is_only_read(
    bench: Bench,
) -> None:
    done = bench.push()
    runs = [call for call in done.calls if call.startswith("docker run ") and "/opt/ml" in call]
    assert [run.split()[-1] for run in runs] == ["train", "serve"]
    assert all("--network none --read-only" in run for run in runs)
    assert done.has_called("docker rm --force contract-test-")


def test_layers_come_from_the_newest_image(bench: Bench) -> None:
    assert f"--cache-from {ECR}:newest " in bench.push().call("docker build ")


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_commit_that_is_there_is_not_built_again(bench: Bench, engine: str) -> None:
    done = bench.push({TAG: DIGEST}, CONTAINER_ENGINE=engine)
    assert (done.code, done.err) == (0, "")
    assert "in the repository already" in done.out
    assert f"IMAGE_DIGEST={DIGEST}\n" in done.out
    assert done.release == {"commitID": TAG, "imageUri": f"{ECR}@{DIGEST}"}
    assert not done.has_called(f"{engine} build ")
    assert not done.has_called(f"{engine} push")


@pytest.mark.parametrize(
    "committer",
    [
        "ada@example.com",
        'a"b@example.com',
        "a\\b@example.com",
        '", "commitID": "other',
        "a\tb\nc\rd\x01e\x1f\x7f@example.com",
        "größe@exämple.com",
        "$(touch pwned)`touch pwned`%s%n\\u0041'@example.com",
        "\U0001f600",
    ],
)
def test_the_committer_arrives_as_git_has_it(bench: Bench, committer: str) -> None:
    done = bench.run("--local", COMMIT_ID=COMMIT, COMMITTER=committer)
    assert done.code == 0, done.err
    assert done.release == {
        "commitID": "01234567",
        "imageUri": "localhost/model:01234567",
        "committer": committer,
    }
    assert not (bench.folder / "pwned").exists()


def test_the_committer_can_be_an_option(bench: Bench) -> None:
    done = bench.run("--local", "--commit-id", COMMIT, "--committer", "ada@example.com")
    assert isinstance(done.release, dict)
    assert done.release["committer"] == "ada@example.com"


def test_the_pipeline_s_execution_is_handed_over(bench: Bench) -> None:
    execution = "8c1f5a0e-3b2d-4c6e-9f7a-1d2e3f4a5b6c"

    done = bench.run("--local", COMMIT_ID=COMMIT, PIPELINE_EXECUTION_ID=execution)

    assert isinstance(done.release, dict)
    assert done.release["pipelineExecutionId"] == execution


def test_what_is_no_id_of_an_execution_is_refused(bench: Bench) -> None:
    done = bench.run("--local", COMMIT_ID=COMMIT, PIPELINE_EXECUTION_ID='1", "imageUri": "other')

    assert done.code != 0
    assert "PIPELINE_EXECUTION_ID" in done.err


def test_without_a_committer_none_is_handed_over(bench: Bench) -> None:
    done = bench.run("--local", COMMIT_ID=COMMIT, COMMITTER="")
    assert done.release == {"commitID": "01234567", "imageUri": "localhost/model:01234567"}


def test_locally_it_only_builds(bench: Bench) -> None:
    done = bench.run("--local", "--commit-id", COMMIT, "--base-image", "my/base:1")
    assert done.code == 0, done.err
    assert done.release == {"commitID": "01234567", "imageUri": "localhost/model:01234567"}
    assert "BASE_IMAGE=my/base:1" in done.call("docker build ")
    assert not [call for call in done.calls if " push" in call or call.startswith("aws")]
    assert done.has_called("docker exec"), "tried, too"


def test_the_ca_bundle_becomes_a_build_secret(bench: Bench) -> None:
    bundle = bench.folder / "ca.crt"
    bundle.write_text("certificates")
    done = bench.run("--local", "--ca-bundle", str(bundle), COMMIT_ID=COMMIT)
    assert f"--secret id=ca_bundle,src={bundle}" in done.call("docker build ")


def test_without_buildkit_the_dockerfile_asks_for_no_secret(bench: Bench) -> None:
    done = bench.run("--local", COMMIT_ID=COMMIT, NO_BUILDX="1")
    assert done.code == 0, done.err
    assert "--secret" not in done.call("docker build ")
    refused = bench.run("--local", COMMIT_ID=COMMIT, NO_BUILDX="1", CA_BUNDLE=__file__)
    assert refused.code == 1
    assert "buildx" in refused.err


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        ([], {"REPOSITORY_URI": ECR, "COMMIT_ID": "abc"}, "COMMIT_ID is 'abc'"),
        ([], {"COMMIT_ID": COMMIT}, "REPOSITORY_URI is ''"),
        ([], {"REPOSITORY_URI": "localhost:5000/model"}, "a repository in Amazon ECR"),
        (["--local", "--scan-severity", "high"], {"COMMIT_ID": COMMIT}, "SCAN_SEVERITY is 'high'"),
        (["--nope", "x"], {}, "--nope"),
        (["--commit-id"], {}, "--commit-id has no value"),
        (["--local", "--platform", "amd64"], {"COMMIT_ID": COMMIT}, "PLATFORM is 'amd64'"),
        (["--local", "--ca-bundle", "/no/such"], {"COMMIT_ID": COMMIT}, "/no/such"),
        (["--local"], {"COMMIT_ID": COMMIT, "BUILD_FAILS": "1"}, "was not built"),
        (
            ["--local"],
            {"COMMIT_ID": COMMIT, "COMMITTER": "a\udcff@b.org"},
            "COMMITTER is not UTF-8",
        ),
        (["--local"], {"COMMIT_ID": COMMIT, "CONTAINER_ENGINE": "nothing"}, "does not answer"),
        (
            [],
            {"REPOSITORY_URI": ECR, "COMMIT_ID": COMMIT, "ECR_ERROR": "AccessDenied"},
            "AccessDenied",
        ),
    ],
)
def test_a_failure_says_what_why_and_what_to_do(
    bench: Bench, arguments: list[str], environment: dict[str, str], said: str
) -> None:
    done = bench.run(*arguments, **environment)
    assert done.code == 1
    assert done.release is None
    assert said in done.err
    assert "Why: " in done.err
    assert "Do: " in done.err


@pytest.mark.parametrize("engine", ["docker", "podman"])
def test_a_push_that_failed_is_told_from_an_image_that_vanished(bench: Bench, engine: str) -> None:
    settings = {"REPOSITORY_URI": ECR, "COMMIT_ID": COMMIT, "PUSH_FAILS": "1"}

    refused = bench.run("--engine", engine, **settings)
    vanished = bench.run("--engine", engine, VANISHES="1", **settings)

    assert (refused.code, vanished.code) == (1, 1)
    assert "check the log-in" in refused.err
    assert "another program has removed it" in vanished.err
    assert "run this again" in vanished.err
    assert "log-in" not in vanished.err


def test_the_help_names_every_option(bench: Bench) -> None:
    done = bench.run("--help")
    assert done.code == 0
    for option in ("--repository-uri", "--commit-id", "--local", "--output", "--scan-severity"):
        assert option in done.out
