"""[endpoint] and what goes with it: values that do not go together give one clear line."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlops_stacks.settings import Settings, load_settings
from mlops_stacks.settings_faults import SettingsError
from tests.unit.settings_files import VALID

_ON_INSTANCES = '[endpoint]\ninstance_type = "ml.m5.xlarge"\ninstance_count = 2\n'
_SERVERLESS = "[endpoint.serverless]\nmemory_mib = 2048\n"
_SCALING = "[endpoint.autoscaling]\nmin_instances = 2\nmax_instances = 4\n"
_PACE = "invocations_per_instance = 600\n"


def _load(folder: Path, endpoint: str, **lines: str) -> Settings:
    """The valid file with another [endpoint]; `lines` replace what begins with their names."""
    text = VALID.read_text(encoding="utf-8")
    start, end = text.index("[endpoint]"), text.index("[inference]")
    text = f"{text[:start]}{endpoint}\n{text[end:]}"
    for name, line in lines.items():
        (old,) = {one for one in text.splitlines() if one.startswith(f"{name} = ")}
        text = text.replace(old, line, 1)
    path = folder / "settings.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


def _fault(folder: Path, endpoint: str, **lines: str) -> str:
    with pytest.raises(SettingsError) as raised:
        _load(folder, endpoint, **lines)
    return str(raised.value)


def test_without_more_than_a_machine_the_endpoint_is_updated_at_once(tmp_path: Path) -> None:
    endpoint = _load(tmp_path, '[endpoint]\ninstance_type = "ml.t2.medium"\n').endpoint

    assert endpoint.instances == 1
    assert (endpoint.rollout.strategy, endpoint.rollout.bake_minutes) == ("all_at_once", 5)
    assert (endpoint.alarms.errors_per_minute, endpoint.alarms.latency_ms) == (1, None)
    assert (endpoint.autoscaling, endpoint.data_capture, endpoint.serverless) == (None, None, None)


@pytest.mark.parametrize(
    ("rollout", "waits", "minutes"),
    [
        ('strategy = "all_at_once"\nbake_minutes = 60\nkeep_old_minutes = 60', 1, 180),
        ('strategy = "canary"\nstep_percent = 1\nbake_minutes = 60', 2, 180),
        ('strategy = "linear"\nstep_percent = 50\nbake_minutes = 10', 2, 80),
        ('strategy = "linear"\nstep_percent = 30\nbake_minutes = 10', 4, 100),
        ('strategy = "linear"\nstep_percent = 10\nbake_minutes = 42', 10, 480),
    ],
)
def test_a_rollout_takes_its_steps_and_an_hour_to_start(
    tmp_path: Path, rollout: str, waits: int, minutes: int
) -> None:
    found = _load(tmp_path, f"{_ON_INSTANCES}[endpoint.rollout]\n{rollout}\n").endpoint.rollout

    assert (found.waits, found.longest_minutes) == (waits, minutes)


_WRONG = [
    ("[endpoint]\ninstance_count = 2\n", "endpoint: instance_type is missing"),
    (
        f'{_ON_INSTANCES}[endpoint.rollout]\nstrategy = "all"\n',
        "endpoint.rollout.strategy = 'all': Input should be 'all_at_once', 'canary' or 'linear'",
    ),
    (
        f'{_ON_INSTANCES}[endpoint.rollout]\nstrategy = "canary"\n',
        'endpoint.rollout: strategy "canary" needs step_percent, from 1 to 50',
    ),
    (
        f'{_ON_INSTANCES}[endpoint.rollout]\nstrategy = "linear"\n',
        'endpoint.rollout: strategy "linear" needs step_percent, from 10 to 50',
    ),
    (
        f'{_ON_INSTANCES}[endpoint.rollout]\nstrategy = "linear"\nstep_percent = 9\n',
        'endpoint.rollout: step_percent = 9: from 10 to 50 is allowed with "linear"',
    ),
    (
        f'{_ON_INSTANCES}[endpoint.rollout]\nstrategy = "canary"\nstep_percent = 51\n',
        "endpoint.rollout.step_percent = 51: Input should be less than or equal to 50",
    ),
    (
        f"{_ON_INSTANCES}[endpoint.rollout]\nstep_percent = 20\n",
        'endpoint.rollout: step_percent: only strategy "canary" or "linear" has steps',
    ),
    (
        f"{_ON_INSTANCES}[endpoint.rollout]\nbake_minutes = 61\n",
        "endpoint.rollout.bake_minutes = 61: Input should be less than or equal to 60",
    ),
    (
        f"{_ON_INSTANCES}[endpoint.rollout]\nkeep_old_minutes = -1\n",
        "endpoint.rollout.keep_old_minutes = -1: Input should be greater than or equal to 0",
    ),
    (
        f'{_ON_INSTANCES}[endpoint.rollout]\nstrategy = "linear"\nstep_percent = 10\n'
        "bake_minutes = 43\n",
        "endpoint.rollout: 10 times bake_minutes and keep_old_minutes are 430 minutes together: "
        "at most 420 is allowed, as SageMaker ends an update after 8 hours",
    ),
    (
        '[endpoint]\ninstance_type = "ml.m5.large"\n[endpoint.rollout]\nstrategy = "canary"\n'
        "step_percent = 20\n",
        "endpoint: instance_count = 1: at least 2 is allowed with rollout.strategy = "
        '"canary", which replaces a part of them first',
    ),
    (
        '[endpoint]\ninstance_type = "ml.inf1.xlarge"\ninstance_count = 2\n'
        '[endpoint.rollout]\nstrategy = "canary"\nstep_percent = 20\n',
        "endpoint: instance_type = 'ml.inf1.xlarge': SageMaker updates these all at once; set "
        'rollout.strategy = "all_at_once"',
    ),
    (
        f"{_ON_INSTANCES}[endpoint.alarms]\nerrors_per_minute = 0\n",
        "endpoint.alarms.errors_per_minute = 0: Input should be greater than or equal to 1",
    ),
    (
        f"{_ON_INSTANCES}[endpoint.alarms]\nlatency_ms = 0.5\n",
        "endpoint.alarms.latency_ms = 0.5: Input should be a valid integer",
    ),
    (
        f"{_ON_INSTANCES}{_SCALING}",
        "endpoint.autoscaling.invocations_per_instance is missing",
    ),
    (
        f"{_ON_INSTANCES}{_SCALING.replace('= 4', '= 1')}{_PACE}",
        "endpoint.autoscaling: min_instances = 2: at most max_instances (1) is allowed",
    ),
    (
        f"{_ON_INSTANCES}{_SCALING}{_PACE}scale_in_cooldown_seconds = 3601\n",
        "endpoint.autoscaling.scale_in_cooldown_seconds = 3601: "
        "Input should be less than or equal to 3600",
    ),
    (
        f'[endpoint]\ninstance_type = "ml.t2.large"\ninstance_count = 2\n{_SCALING}{_PACE}',
        "endpoint: instance_type = 'ml.t2.large': burstable instances cannot scale with the "
        'traffic; take another type, such as "ml.m5.large", or remove autoscaling',
    ),
    (
        f'[endpoint]\ninstance_type = "ml.m5.large"\n{_SCALING}{_PACE}',
        "endpoint: instance_count = 1: from autoscaling.min_instances (2) to max_instances (4) "
        "is allowed",
    ),
    (
        f"{_ON_INSTANCES}{_SCALING.replace('= 2', '= 1')}{_PACE}"
        '[endpoint.rollout]\nstrategy = "linear"\nstep_percent = 50\n',
        "endpoint: autoscaling.min_instances = 1: at least 2 is allowed with rollout.strategy = "
        '"linear", which replaces a part of them first',
    ),
    (
        f"{_ON_INSTANCES}[endpoint.data_capture]\npercent = 0\n",
        "endpoint.data_capture.percent = 0: Input should be greater than or equal to 1",
    ),
    (
        "[endpoint]\n[endpoint.serverless]\nmemory_mib = 1000\n",
        "endpoint.serverless.memory_mib = 1000: Input should be 1024, 2048, 3072, 4096, 5120 or "
        "6144",
    ),
    (
        "[endpoint]\n[endpoint.serverless]\nmemory_mib = 1024\nmax_concurrency = 201\n",
        "endpoint.serverless.max_concurrency = 201: Input should be less than or equal to 200",
    ),
    (
        f"{_ON_INSTANCES}{_SERVERLESS}",
        "endpoint: a serverless endpoint has no instance_type, no instance_count; remove it",
    ),
    (
        f'{_SERVERLESS}[endpoint.rollout]\nstrategy = "canary"\nstep_percent = 20\n',
        "endpoint: a serverless endpoint has no rollout.strategy; remove it",
    ),
    (
        f"{_SERVERLESS}{_SCALING}{_PACE}",
        "endpoint: a serverless endpoint has no autoscaling; remove it",
    ),
    (
        f"{_SERVERLESS}[endpoint.data_capture]\npercent = 5\n",
        "endpoint: a serverless endpoint has no data_capture; remove it",
    ),
    (
        f"{_ON_INSTANCES}[endpoint.roll_out]\nbake_minutes = 5\n",
        "endpoint.roll_out is not a setting; remove it or correct its name",
    ),
]


@pytest.mark.parametrize(("endpoint", "message"), _WRONG, ids=[wrong[1] for wrong in _WRONG])
def test_what_does_not_go_together_gives_one_line(
    tmp_path: Path, endpoint: str, message: str
) -> None:
    fault = _fault(tmp_path, endpoint)

    assert len(fault.splitlines()) == 1, fault
    assert fault.startswith(f"settings.toml: {message}")


def test_a_serverless_endpoint_needs_nothing_else(tmp_path: Path) -> None:
    endpoint = _load(tmp_path, _SERVERLESS).endpoint

    assert endpoint.serverless is not None
    assert (endpoint.serverless.memory_mib, endpoint.serverless.max_concurrency) == (2048, 5)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "spot = true",
            "training: spot = true needs max_wait_minutes, max_runtime_minutes or more",
        ),
        (
            "spot = false\nmax_wait_minutes = 90",
            "training: max_wait_minutes: only spot = true waits for capacity",
        ),
        (
            "spot = true\nmax_wait_minutes = 59",
            "training: max_wait_minutes = 59: max_runtime_minutes (60) or more is allowed, as it "
            "includes the run",
        ),
        ("spot = 1", "training.spot = 1: Input should be a valid boolean"),
    ],
)
def test_spot_training_waits_for_as_long_as_it_is_told(
    tmp_path: Path, line: str, message: str
) -> None:
    assert _fault(tmp_path, _ON_INSTANCES, spot=line) == f"settings.toml: {message}"


def test_spot_training_may_take_the_time_that_it_waits(tmp_path: Path) -> None:
    training = _load(tmp_path, _ON_INSTANCES, spot="spot = true\nmax_wait_minutes = 240").training

    assert training.longest_minutes == 240


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "keep_versions = 0",
            "retention.keep_versions = 0: Input should be greater than or equal to 1",
        ),
        (
            "keep_versions = 31",
            "retention: keep_versions = 31: at most keep_images (30) is allowed, as a version "
            "needs its image",
        ),
    ],
)
def test_as_many_versions_are_kept_as_have_an_image(
    tmp_path: Path, line: str, message: str
) -> None:
    assert _fault(tmp_path, _ON_INSTANCES, keep_versions=line) == f"settings.toml: {message}"
