"""A training that is interrupted goes on from its checkpoints to the very same model."""

import json
import signal
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from plumbing.checkpoints import KEPT, Checkpoints
from support import failure, ml_root, model_files, room, start, train, wait_until

DATA = {"a.csv": b"a,1,2\nb,3,4\n"}
OWN = "0123456789abcdef" * 4

# Sums up random numbers in 60 steps: what comes out shows every step and the generator's state.
# It waits for a file `go` after step 30, so that a test can interrupt it there.
STEPWISE = textwrap.dedent(
    """
    import dataclasses, os, time

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Hyperparameters:
        steps: int = hyperparameter(default=60, minimum=1, help="how many")

    def fit(*, features, labels, hyperparameters, checkpoints):
        random, step, total = np.random.default_rng(7), 0, 0.0
        if found := checkpoints.latest():
            state = json.loads((found / "state.json").read_text())
            random.bit_generator.state = state["random"]
            step, total = state["step"], state["total"]
        root = Path(os.environ["ML_ROOT"])
        while step < hyperparameters.steps:
            step, total = step + 1, total + random.normal()
            state = {"step": step, "total": total, "random": random.bit_generator.state}
            checkpoints.save(step, lambda to: (to / "state.json").write_text(json.dumps(state)))
            if step == 30:
                (root / "half-way").touch()
                while not (root / "go").exists():
                    time.sleep(0.005)
        return total

    def predict(model, features):
        return [model] * len(features)

    def score(labels, predictions):
        return {"total": predictions[0]}

    def save(model, folder):
        (folder / "model.json").write_text(repr(model))
    """
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoints"
    path.mkdir()
    return path


def writing(text: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / "deep").mkdir()
        (folder / "deep" / "state").write_text(text)

    return write


def read(found: Path | None) -> str:
    assert found is not None
    return (found / "deep" / "state").read_text()


def test_the_newest_is_found_and_the_oldest_go(folder: Path) -> None:
    ours = Checkpoints(folder, training=OWN)
    assert ours.latest() is None
    for step in (1, 2, 9, 10, 100):
        ours.save(step, writing(f"step {step}"))
        assert read(Checkpoints(folder, training=OWN).latest()) == f"step {step}"
    assert len(list(folder.iterdir())) == KEPT


@pytest.mark.parametrize(
    "damage",
    [
        lambda found: (found / "deep" / "state").write_text("other"),
        lambda found: (found / "deep" / "state").unlink(),
        lambda found: (found / "checkpoint-files.json").unlink(),
        lambda found: (found / "checkpoint-files.json").write_text('{"deep/st'),
        lambda found: (found / "checkpoint-files.json").write_text("[]"),
    ],
    ids=["changed", "lost", "no list", "half a list", "no such list"],
)
def test_a_damaged_one_is_passed_over_for_the_one_before(
    folder: Path, damage: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    # Given two, the newer one damaged
    ours = Checkpoints(folder, training=OWN)
    ours.save(1, writing("one"))
    ours.save(2, writing("two"))
    found = ours.latest()
    assert found is not None
    damage(found)
    # When the training begins again
    again = Checkpoints(folder, training=OWN)
    # Then it goes on from the one before, and says so
    assert read(again.latest()) == "one"
    assert "step 2 is damaged" in capsys.readouterr().out
    # And the same step can be saved anew
    again.save(2, writing("two again"))
    assert read(again.latest()) == "two again"


def test_another_trainings_are_not_taken_and_not_removed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Checkpoints(folder, training="f" * 64).save(5, writing("foreign"))
    ours = Checkpoints(folder, training=OWN)
    assert ours.latest() is None
    assert "another training" in capsys.readouterr().out
    for step in range(4):
        ours.save(step, writing(f"step {step}"))
    assert read(ours.latest()) == "step 3"
    assert read(Checkpoints(folder, training="f" * 64).latest()) == "foreign"


def test_files_of_the_platform_do_not_disturb(folder: Path) -> None:
    # SageMaker puts marks beside what it has copied.
    ours = Checkpoints(folder, training=OWN)
    ours.save(1, writing("one"))
    found = ours.latest()
    assert found is not None
    for mark in (folder / "x.sagemaker-uploaded", found / "deep" / "state.sagemaker-uploading"):
        mark.touch()
    assert Checkpoints(folder, training=OWN).latest() == found


def test_one_that_is_not_finished_is_none_and_goes(folder: Path) -> None:
    # Given a save that fails half way
    ours = Checkpoints(folder, training=OWN)
    ours.save(1, writing("one"))

    def fail(path: Path) -> None:
        (path / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        ours.save(2, fail)
    # When the training begins again
    again = Checkpoints(folder, training=OWN)
    # Then only the one before is there
    assert read(again.latest()) == "one"
    assert len(list(folder.iterdir())) == 1


def test_where_the_platform_keeps_none_nothing_is_written(tmp_path: Path) -> None:
    nowhere = Checkpoints(tmp_path / "checkpoints", training=OWN)
    nowhere.save(1, writing("one"))
    assert nowhere.latest() is None
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return room(tmp_path / "room", STEPWISE)


def job(folder: Path, settings: object = None) -> Path:
    root = ml_root(folder, DATA, settings)
    (root / "checkpoints").mkdir()
    return root


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_interrupted_training_goes_on_to_the_same_model(
    tmp_path: Path, source: Path, number: signal.Signals
) -> None:
    # Given the model of a training without interruption
    undisturbed = job(tmp_path / "undisturbed")
    (undisturbed / "go").touch()
    assert train(undisturbed, source=source).returncode == 0
    # When another one is interrupted half-way: by a power cut, or by SageMaker with notice
    root = job(tmp_path / "interrupted")
    process = start("train", root, source=source)
    wait_until((root / "half-way").exists, "training is half-way")
    process.send_signal(number)
    process.communicate(timeout=10)
    # Then there is no model, but the last checkpoint
    assert process.returncode != 0
    assert model_files(root) in ([], [".partial"])  # which the next start removes
    if number == signal.SIGTERM:
        assert "stopped by SIGTERM" in failure(root)
    # And when it begins again, it goes on from there to the same model
    (root / "go").touch()
    again = train(root, source=source)
    assert again.returncode == 0, again.stderr
    assert "Going on from the checkpoint of step 30" in again.stdout
    assert model_files(root) == ["model.json"]
    models = [(folder / "model" / "model.json").read_bytes() for folder in (root, undisturbed)]
    assert models[0] == models[1]


@pytest.mark.parametrize("change", ["data", "hyperparameters", "program"])
def test_a_training_of_something_else_begins_anew(
    tmp_path: Path, source: Path, change: str
) -> None:
    # Given the checkpoints of a training
    root = job(tmp_path / "ml")
    (root / "go").touch()
    assert train(root, source=source).returncode == 0
    # When something that the training depends on changes
    if change == "data":
        ml_root(root, {"a.csv": b"a,1,2\nb,3,5\n"})
    elif change == "hyperparameters":
        ml_root(root, {}, {"steps": "59"})
    else:
        with (source / "model.py").open("a") as file:
            file.write("# better\n")
    again = train(root, source=source)
    # Then they are not taken
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("is of another training and not used") == KEPT
    assert "Going on" not in again.stdout


def test_a_fit_that_asks_for_none_gets_none(tmp_path: Path) -> None:
    root = job(tmp_path)
    assert train(root).returncode == 0
    assert list((root / "checkpoints").iterdir()) == []
    assert json.loads((root / "model" / "model.json").read_text())
