"""Strings into a typed declaration, of every kind a model may declare."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from plumbing.errors import InputError
from plumbing.hyperparameters import describe, hyperparameter, parse, read


@dataclass(frozen=True, kw_only=True)
class Everything:
    depth: int | None = hyperparameter(default=None, minimum=1, maximum=64, help="how deep")
    rate: float = hyperparameter(default=0.5, minimum=0.0, help="how fast")
    warm: bool = hyperparameter(default=False, help="whether warm")
    kind: str = hyperparameter(default="gini", choices=("gini", "entropy"), help="which")


def test_without_a_file_or_values_the_defaults_hold(tmp_path: Path) -> None:
    assert read(Everything, tmp_path / "none.json") == Everything()
    assert parse(Everything, {}) == Everything(depth=None, rate=0.5, warm=False, kind="gini")


def test_strings_become_the_declared_types() -> None:
    given_values = {"depth": " 7 ", "rate": "1e-3", "warm": "True", "kind": "entropy"}
    assert parse(Everything, given_values) == Everything(
        depth=7, rate=0.001, warm=True, kind="entropy"
    )


@pytest.mark.parametrize("text", ["", "none", "None"])
def test_an_optional_one_can_be_unset(text: str) -> None:
    assert parse(Everything, {"depth": text}).depth is None


@pytest.mark.parametrize("name", ["sagemaker_program", "_tuning_objective_metric"])
def test_the_platforms_own_are_ignored(name: str) -> None:
    assert parse(Everything, {name: "anything"}) == Everything()


REFUSED = [
    ("dept", "3", "unknown. Known are: depth, kind, rate, warm"),
    ("depth", "deep", "a whole number from 1 to 64, or none"),
    ("depth", "2.5", "a whole number from 1 to 64, or none"),
    ("depth", "1_0", "a whole number from 1 to 64, or none"),
    ("depth", "٣", "a whole number from 1 to 64, or none"),
    ("depth", "0", "a whole number from 1 to 64, or none"),
    ("depth", "65", "a whole number from 1 to 64, or none"),
    ("rate", "nan", "a number of at least 0"),
    ("rate", "inf", "a number of at least 0"),
    ("rate", "-0.1", "a number of at least 0"),
    ("rate", "", "a number of at least 0"),
    ("warm", "yes", "true or false"),
    ("kind", "log", "one of gini, entropy"),
]


@pytest.mark.parametrize(("name", "text", "allowed"), REFUSED)
def test_a_bad_value_is_refused_by_name_with_what_is_allowed(
    name: str, text: str, allowed: str
) -> None:
    with pytest.raises(InputError) as caught:
        parse(Everything, {name: text})
    assert f"'{name}'" in str(caught.value)
    assert repr(text) in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize("content", ["[]", '{"depth": 3}', "{", '"depth"'])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "hyperparameters.json"
    path.write_text(content)
    with pytest.raises(InputError, match=r"hyperparameters\.json"):
        read(Everything, path)


@given(depth=st.integers(1, 64), rate=st.floats(0, 1e300))
def test_every_allowed_number_comes_through_the_file(
    tmp_path_factory: pytest.TempPathFactory, depth: int, rate: float
) -> None:
    path = tmp_path_factory.mktemp("config") / "hyperparameters.json"
    path.write_text(json.dumps({"depth": str(depth), "rate": repr(rate)}))
    assert read(Everything, path) == Everything(depth=depth, rate=rate)


def test_the_help_lists_each_with_its_default() -> None:
    assert describe(Everything).splitlines()[0] == (
        "  depth: a whole number from 1 to 64, or none; default none - how deep"
    )
    assert describe(Everything).splitlines()[1:] == [
        "  rate: a number of at least 0.0; default 0.5 - how fast",
        "  warm: true or false; default false - whether warm",
        "  kind: one of gini, entropy; default gini - which",
    ]


@dataclass(frozen=True)
class Plain:
    depth: int = 3


@dataclass(frozen=True)
class AList:
    depth: list[int] = hyperparameter(default=None, help="several")  # noqa: RUF009


@dataclass(frozen=True)
class Either:
    depth: int | str = hyperparameter(default=3, help="one or the other")


@pytest.mark.parametrize("declaration", [Plain, AList, Either])
def test_another_way_to_declare_one_is_told(declaration: type) -> None:
    with pytest.raises(TypeError, match=r"Hyperparameters\.depth: declare it as int, float, bool"):
        parse(declaration, {})
