"""How to serve, from the environment."""

from pathlib import Path

import pytest
from plumbing.serving_settings import ServingSettings, SettingError, usable_cpus


def test_the_defaults_are_sagemakers() -> None:
    settings = ServingSettings.from_environment({})
    assert (settings.host, settings.port) == ("0.0.0.0", 8080)  # noqa: S104
    assert settings.workers == usable_cpus()
    assert settings.payload_limit == 6 * 1024 * 1024


@pytest.mark.parametrize(
    ("environment", "limit_mb"),
    [
        ({"SAGEMAKER_BATCH": "true"}, 100),
        ({"SAGEMAKER_BATCH": "false"}, 6),
        ({"SAGEMAKER_BATCH": "true", "SAGEMAKER_MAX_PAYLOAD_IN_MB": "20"}, 20),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "20"}, 20),
        ({"SAGEMAKER_MAX_PAYLOAD_IN_MB": "0"}, 0),
    ],
)
def test_the_limit_is_that_of_the_kind_of_request(
    environment: dict[str, str], limit_mb: int
) -> None:
    assert ServingSettings.from_environment(environment).payload_limit == limit_mb * 1024 * 1024


def test_the_environment_decides() -> None:
    settings = ServingSettings.from_environment(
        {
            "SERVE_HOST": "127.0.0.1",
            "SAGEMAKER_BIND_TO_PORT": "9000",
            "SAGEMAKER_MODEL_SERVER_WORKERS": "3",
            "SAGEMAKER_MAX_PAYLOAD_IN_MB": "6",
        }
    )
    assert settings == ServingSettings(
        host="127.0.0.1", port=9000, workers=3, payload_limit=6 * 1024 * 1024
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SAGEMAKER_BIND_TO_PORT", "http"),
        ("SAGEMAKER_BIND_TO_PORT", "65536"),
        ("SAGEMAKER_MODEL_SERVER_WORKERS", "0"),
        ("SAGEMAKER_MAX_PAYLOAD_IN_MB", "-1"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"{name} is '{text}'. Allowed is a whole number"):
        ServingSettings.from_environment({name: text})


@pytest.mark.parametrize(
    ("workers", "limit_mb", "concurrent", "payload"),
    [(2, 100, 2, 6), (64, 100, 16, 6), (4, 3, 4, 3), (4, 0, 4, 6), (200, 1, 100, 1)],
)
def test_execution_parameters_stay_within_what_a_transform_job_may_ask(
    workers: int, limit_mb: int, concurrent: int, payload: int
) -> None:
    settings = ServingSettings(
        host="", port=1, workers=workers, payload_limit=limit_mb * 1024 * 1024
    )
    assert settings.execution_parameters() == {
        "MaxConcurrentTransforms": concurrent,
        "BatchStrategy": "MULTI_RECORD",
        "MaxPayloadInMB": payload,
    }
    assert concurrent * payload <= 100


@pytest.mark.parametrize(
    ("files", "at_most"),
    [
        ({"cpu.max": "100000 100000\n"}, 1),
        ({"cpu.max": "20000 100000\n"}, 1),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
    ids=["v2 one", "v2 a fifth", "v2 none", "v1 half", "v1 none", "no cgroup"],
)
def test_the_containers_cpu_quota_counts(
    tmp_path: Path, files: dict[str, str], at_most: int | None
) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    without = usable_cpus(tmp_path / "nothing")
    assert without >= 1
    assert usable_cpus(tmp_path) == (at_most or without)
