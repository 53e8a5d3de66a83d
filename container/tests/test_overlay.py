"""A model's folder over container/: what an image of that model is made of."""

import os
from pathlib import Path

import overlay
import pytest
from build_bench import COMMIT, CONTENT, Bench
from content_tag import content_tag
from overlay import OverlayError, assemble
from support import CONTAINER

ROOT = CONTAINER.parent
OTHER = "container/tests/sample_model"  # has a model.py


def _repository(folder: Path) -> Path:
    """A small repository with a container/ and a model of its own in models/other."""
    for name, text in {
        "container/model.py": "ours",
        "container/plumbing/job.py": "plumbing",
        "container/.dockerignore": "*\n!model.py",
        "container/sample/train.csv": "1,2\n",
        "container/.venv/lib.py": "not for an image",
        "models/other/model.py": "theirs",
        "models/other/trees.py": "theirs",
        "models/other/sample/train.csv": "3,4\n",
        "models/other/__pycache__/model.pyc": "not for an image",
        "models/empty/README.md": "no model",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def _files(folder: Path) -> dict[str, str]:
    found = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in found}


def test_the_files_of_the_folder_lie_over_the_container_s(tmp_path: Path) -> None:
    root = _repository(tmp_path)
    assemble("models/other", tmp_path / "made", root=root)
    assert _files(tmp_path / "made") == {
        "model.py": "theirs",
        "trees.py": "theirs",
        "plumbing/job.py": "plumbing",
        ".dockerignore": "*\n!model.py\n!trees.py\n",
        "sample/train.csv": "3,4\n",
    }


def test_the_container_is_a_model_s_folder_too(tmp_path: Path) -> None:
    root = _repository(tmp_path)
    assemble("container", tmp_path / "made", root=root)
    made = _files(tmp_path / "made")
    assert (made["model.py"], made[".dockerignore"]) == ("ours", "*\n!model.py")


@pytest.mark.parametrize(
    ("folder", "why"),
    [
        ("models/nothing", "no such folder"),
        ("models/empty", "has no model.py"),
        ("container/model.py", "no such folder"),
        ("..", "not a folder inside"),
        ("models/../../elsewhere", "not a folder inside"),
        ("", "not a folder inside"),
        ("link", "not a folder inside"),
        (os.sep, "not a folder inside"),
    ],
)
def test_a_folder_without_a_model_is_named(tmp_path: Path, folder: str, why: str) -> None:
    root = _repository(tmp_path / "root")
    outside = _repository(tmp_path / "outside")
    (root / "link").symlink_to(outside / "models/other")
    with pytest.raises(OverlayError, match=why) as raised:
        assemble(folder, tmp_path / "made", root=root)
    assert repr(folder) in str(raised.value)
    assert "Do: " in str(raised.value)
    assert not (tmp_path / "made").exists()


def test_another_model_is_another_content(tmp_path: Path) -> None:
    assemble(OTHER, tmp_path / "made")
    tag = content_tag(tmp_path / "made", base_image="base", platform="linux/amd64")
    assert tag != content_tag(CONTAINER, base_image="base", platform="linux/amd64")


def test_the_image_of_another_model_is_built_of_its_folder_and_tried_on_its_sample(
    bench: Bench, tmp_path: Path
) -> None:
    # Given what the engine is called with, and the folder that it got
    sent = tmp_path / "sent"
    engine = bench.bin / "docker"
    keep = f'if words[0] == "build":\n    import shutil\n    shutil.copytree(words[-1], "{sent}")\n'
    text = engine.read_text("utf-8")
    assert text.count("\nmatch words:") == 1
    engine.write_text(text.replace("match words:", f"{keep}match words:"), encoding="utf-8")
    # When the image of another model is built
    done = bench.push(MODEL_FOLDER=OTHER)
    # Then it is made of that model, under a tag of its own
    assert done.code == 0, done.err
    own = (ROOT / OTHER / "model.py").read_text("utf-8")
    assert (sent / "model.py").read_text("utf-8") == own
    assert (sent / "train").is_file()
    assert len(done.tags) == 2
    assert CONTENT not in done.tags


@pytest.mark.parametrize("folder", ["models/nothing", "../elsewhere"])
def test_the_script_refuses_a_folder_that_is_no_model(bench: Bench, folder: str) -> None:
    done = bench.run("--local", "--model-folder", folder, COMMIT_ID=COMMIT)
    assert (done.code, done.release) == (1, None)
    assert f"Error: '{folder}' is no model" in done.err
    assert "Why: " in done.err
    assert not done.has_called("docker build")


def test_the_module_is_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["overlay.py", OTHER, str(tmp_path / "made")])
    assert overlay.main() == 0
    assert (tmp_path / "made/plumbing/job.py").is_file()
    assert overlay.main() == 1, "the target is there already"
