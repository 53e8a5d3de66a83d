"""Which pushes a trigger lets through."""

from __future__ import annotations

import pytest

from local.pipeline.filters import kept_out, matches


@pytest.mark.parametrize(
    ("pattern", "path", "matched"),
    [
        ("docs/**", "docs/a.md", True),
        ("docs/**", "docs/a/b.md", True),
        ("docs/**", "docs", False),
        ("docs/**", "src/docs/a.md", False),
        ("docs/*", "docs/a/b.md", False),
        ("*.md", "README.md", True),
        ("*.md", "docs/README.md", False),
        ("**/*.md", "docs/a/README.md", True),
        ("**/*.md", "README.md", False),
        ("**.md", "README.md", True),
        ("**", "any/thing", True),
        ("foo.?", "foo.c", True),
        ("foo.?", "foo.cc", False),
        ("*.{java,class}", "A.class", True),
        ("*.{java,class}", "A.py", False),
        ("[a-c].txt", "b.txt", True),
        ("[!a-c].txt", "b.txt", False),
        ("[!a-c].txt", "d.txt", True),
        ("[*].txt", "*.txt", True),
        (r"\*.txt", "a.txt", False),
        (r"\*.txt", "*.txt", True),
        ("a+b.txt", "a+b.txt", True),
        ("{open", "{open", True),
        ("release/*", "release/1", True),
    ],
)
def test_globs_follow_the_documented_rules(pattern: str, path: str, *, matched: bool) -> None:
    assert matches(pattern, path) is matched


MAIN = {"branches": {"includes": ["main"]}}
NO_DOCS = {**MAIN, "filePaths": {"excludes": ["docs/**", "*.md"]}}


def test_one_file_that_is_not_excluded_is_enough() -> None:
    assert kept_out(NO_DOCS, branch="main", files=["docs/a", "app.py"]) is None


def test_excluded_files_only_start_nothing_and_the_filter_is_named() -> None:
    told = kept_out(NO_DOCS, branch="main", files=["README.md", "docs/a"])
    assert told == (
        "its filter FilePaths.Excludes docs/**, *.md leaves none of the changed files "
        "(README.md, docs/a)"
    )


def test_another_branch_starts_nothing() -> None:
    told = kept_out(NO_DOCS, branch="feature", files=["app.py"])
    assert told == "its filter Branches.Includes main does not match feature"


def test_an_excluded_branch_wins_over_an_included_one() -> None:
    push = {"branches": {"includes": ["**"], "excludes": ["wip/**"]}}
    assert kept_out(push, branch="wip/x", files=["a"]) == (
        "its filter Branches.Excludes wip/** keeps the branch wip/x out"
    )
    assert kept_out(push, branch="main", files=["a"]) is None


def test_an_excluded_file_wins_over_an_included_one() -> None:
    push = {**MAIN, "filePaths": {"includes": ["src/**"], "excludes": ["src/docs/**"]}}
    assert kept_out(push, branch="main", files=["src/a"]) is None
    assert kept_out(push, branch="main", files=["src/docs/a", "other"]) is not None


def test_a_hundred_files_are_looked_at() -> None:
    files = [f"docs/{number}" for number in range(100)]
    told = kept_out(NO_DOCS, branch="main", files=[*files, "app.py"])
    assert told is not None
    assert told.endswith("of the first 100, 1 more are not looked at")
    assert kept_out(NO_DOCS, branch="main", files=[*files[1:], "app.py"]) is None


def test_a_push_without_changed_files_passes() -> None:
    assert kept_out(NO_DOCS, branch="main", files=[]) is None
