"""What an image is made of, its bill of materials, and what ECR's scans say of it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import sbom
import scan_gate
from content_tag import content_tag
from ecr import EcrError, Repository
from support import CONTAINER


def _folder(tmp_path: Path) -> Path:
    copy = tmp_path / "container"
    shutil.copytree(CONTAINER, copy, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    return copy


def _tag(folder: Path, base: str = "base", platform: str = "linux/amd64") -> str:
    return content_tag(folder, base_image=base, platform=platform)


@pytest.mark.parametrize(
    "name", ["model.py", "train", "serve", "requirements.txt", "Dockerfile", "plumbing/job.py"]
)
def test_another_file_in_the_image_makes_another_tag(tmp_path: Path, name: str) -> None:
    folder = _folder(tmp_path)
    before = _tag(folder)
    with (folder / name).open("a") as file:
        file.write("\n")
    assert _tag(folder) != before
    assert before.startswith("content-")


def test_what_is_not_in_the_image_makes_no_other_tag(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    before = _tag(folder)
    (folder / "README.md").write_text("other")
    (folder / "sample/train.csv").write_text("other")
    (folder / "plumbing/__pycache__").mkdir()
    (folder / "plumbing/__pycache__/job.py").write_text("other")
    assert _tag(folder) == before
    assert len({before, _tag(folder, base="other"), _tag(folder, platform="linux/arm64")}) == 3


def test_a_folder_that_is_sent_counts_with_all_that_is_in_it(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "words/deep").mkdir(parents=True)
    (folder / "words/deep/list.txt").write_text("one")
    with (folder / ".dockerignore").open("a") as file:
        file.write("!words\n")
    before = _tag(folder)
    (folder / "words/deep/list.txt").write_text("two")
    assert _tag(folder) != before


def test_exclusions_that_cannot_be_followed_are_refused(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / ".dockerignore").write_text("*.md\n")
    with pytest.raises(ValueError, match="what the Dockerfile copies"):
        _tag(folder)


def test_everything_that_the_dockerfile_copies_is_in_the_tag() -> None:
    sent = (CONTAINER / ".dockerignore").read_text(encoding="utf-8").splitlines()
    named = {line[1:] for line in sent if line.startswith("!")}
    copied = {
        name
        for line in (CONTAINER / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for name in line.split()[1:-1]
    }
    assert "." in copied, "all that .dockerignore lets through"
    assert copied - {"."} < named
    assert all([*CONTAINER.glob(name)] for name in named), "a name that is no file any more"


def test_the_bill_of_materials_lists_packages_of_debian_and_of_python(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/os-release").write_text(
        'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n'
    )
    (tmp_path / "var/lib/dpkg").mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").write_text(
        "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n"
        "Version: 2.36-9+deb12u1\n"
        "\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1\n"
    )
    for name, folder in (("scikit_learn", "opt/venv"), ("pip", "usr/lib/python3")):
        packages = tmp_path / folder / f"{name}-1.0.dist-info"
        packages.mkdir(parents=True)
        (packages / "METADATA").write_text(
            f"Name: {name}\nVersion: 1.0\nLicense-Expression: MIT\n\nText: none\n"
        )

    document: dict[str, Any] = json.loads(json.dumps(sbom.document(tmp_path)))

    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    assert document["metadata"]["component"]["name"] == "debian"
    found = {component["purl"]: component for component in document["components"]}
    assert {purl for purl in found if "generic/python" not in purl} == {
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u1?arch=amd64&distro=bookworm",
        "pkg:pypi/scikit-learn@1.0",
        "pkg:pypi/pip@1.0",
    }
    assert found["pkg:pypi/pip@1.0"]["licenses"] == [{"expression": "MIT"}]
    assert any("generic/python@3." in purl for purl in found)
    assert sbom.document(tmp_path) == sbom.document(tmp_path), "the layer cache depends on it"


class _Ecr(Repository):
    """A repository whose scan gives these answers, one after the other."""

    answers: list[Any]

    @classmethod
    def of(cls, *answers: Any) -> "_Ecr":  # noqa: ANN401
        made = cls(account="123456789012", region="eu-west-1", name="model")
        object.__setattr__(made, "answers", list(answers))
        return made

    def ask(self, operation: str, *_: str) -> dict[str, Any]:
        answer: dict[str, Any] | str = self.answers.pop(0)
        if isinstance(answer, str):
            raise EcrError(operation, f"An error occurred ({answer}) when calling the X operation")
        return answer


def _status(name: str, **found: object) -> dict[str, Any]:
    return {"imageScanStatus": {"status": name}, "imageScanFindings": found}


def test_it_waits_until_the_scan_has_begun_and_ended() -> None:
    findings = [{"name": "CVE-1", "severity": "HIGH"}, {"name": "CVE-2", "severity": "UNDEFINED"}]
    done = _status("COMPLETE", findings=findings)
    waits: list[float] = []
    repository = _Ecr.of("ScanNotFoundException", _status("IN_PROGRESS"), done)

    found = scan_gate.scan(repository, "sha256:d", sleep=waits.append)

    assert len(waits) == 2
    assert [str(each) for each in scan_gate.severe(found, limit="LOW")] == ["HIGH CVE-1"]
    assert scan_gate.severe(found, limit="CRITICAL") == []
    assert scan_gate.severe(found, limit="LOW", accepted=["CVE-1"]) == []


def test_enhanced_scanning_is_read_in_its_own_form() -> None:
    package = {"name": "numpy", "version": "1.0"}
    details = {"vulnerabilityId": "CVE-3", "vulnerablePackages": [package]}
    active = {
        "severity": "CRITICAL",
        "status": "ACTIVE",
        "title": "CVE-3 - numpy",
        "packageVulnerabilityDetails": details,
    }
    suppressed = {**active, "status": "SUPPRESSED"}
    repository = _Ecr.of(_status("ACTIVE", enhancedFindings=[active, suppressed]))

    found = scan_gate.scan(repository, "sha256:d")

    assert [str(each) for each in found] == ["CRITICAL CVE-3 in numpy 1.0"]


@pytest.mark.parametrize("status", ["FAILED", "UNSUPPORTED_IMAGE", "FINDINGS_UNAVAILABLE"])
def test_a_scan_that_failed_is_no_scan_without_findings(status: str) -> None:
    with pytest.raises(scan_gate.ScanError, match=status):
        scan_gate.scan(_Ecr.of(_status(status)), "sha256:d")


def test_a_scan_that_does_not_end_is_given_up() -> None:
    repository = _Ecr.of(*[_status("IN_PROGRESS")] * 200)
    with pytest.raises(scan_gate.ScanError, match="no result after 600 s"):
        scan_gate.scan(repository, "sha256:d", sleep=lambda _: None)
