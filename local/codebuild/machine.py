"""What this machine lends to builds: programs, package indexes, certificates, an engine."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# Proxies, package indexes and the time zone are the machine's; all else would leak into a build.
_KEPT = re.compile(
    r"(https?_proxy|no_proxy|all_proxy|pip_.*|npm_config_(?!.*prefix).*|tz)", re.IGNORECASE
)
_PROGRAMS = ("node", "npm", "npx", "aws")
_ENGINE_SECONDS = 20.0
_NO_DAEMON = (
    "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. "
    "Is the docker daemon running?"
)


@dataclass(frozen=True, kw_only=True)
class Machine:
    """This machine, as it was when the cloud started.

    Attributes:
        variables: the environment in which the cloud was started.
        builds: the folder of the builds' own folders. It lies outside of any repository, or tools
            that look for their settings upwards would find those of this one.
        engine: docker or podman for privileged projects, if the cloud has one.
        base_image: the base image that the engine has, for want of the one in the Dockerfile.
        registry: host and port of the local ECR.
        bundle: certificates of this machine and of the cloud.
    """

    variables: Mapping[str, str]
    builds: Path
    engine: str | None
    base_image: str | None
    registry: str
    endpoint_url: str
    region: str
    bundle: Path

    def prepare(self, folder: Path, *, privileged: bool) -> dict[str, str]:
        """Make home, scratch folder and programs of one build; its environment without the role.

        Args:
            folder: the build's own folder.
            privileged: whether `docker` finds an engine.
        """
        # A build's variables and log-ins are nobody else's on this machine.
        self.builds.mkdir(mode=0o700, parents=True, exist_ok=True)
        home, tools, scratch = folder / "home", folder / "bin", folder / "tmp"
        for each in (home, tools, scratch):
            each.mkdir(parents=True)
        self._lend_programs(tools, home, privileged=privileged)
        prefix = home / ".npm-global"
        bundle = str(self.bundle)
        return {
            **{name: value for name, value in self.variables.items() if _KEPT.fullmatch(name)},
            **self._of_package_managers(),
            **(self._of_image_builds() if privileged else {}),
            "PATH": os.pathsep.join([str(prefix / "bin"), str(tools), *self._path()]),
            "HOME": str(home),
            "USER": self.variables.get("USER", "root"),
            "LANG": "C.UTF-8",
            "TMPDIR": str(scratch),
            "NPM_CONFIG_PREFIX": str(prefix),
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_CA_BUNDLE": bundle,
            "CURL_CA_BUNDLE": bundle,
            "GIT_SSL_CAINFO": bundle,
            "NODE_EXTRA_CA_CERTS": bundle,
            "PIP_CERT": bundle,
            "REQUESTS_CA_BUNDLE": bundle,
            "SSL_CERT_FILE": bundle,
            "CDK_DISABLE_VERSION_CHECK": "1",
            "CDK_DISABLE_CLI_TELEMETRY": "true",
        }

    def forget_images(self) -> None:
        """Take from the engine the names of images that builds gave; cached layers stay.

        A name holds the registry's port, which is another one in the next cloud.
        """
        if self.engine is None:
            return
        listing = [self.engine, "images", "--format", "{{.Repository}}:{{.Tag}}"]
        # An engine that hangs must not keep the cloud from its end.
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            listed = self._engine_says(listing)
            own = [name for name in listed.split() if name.startswith(f"{self.registry}/")]
            if own:
                self._engine_says([self.engine, "rmi", "--no-prune", *own])

    @staticmethod
    def _engine_says(command: list[str]) -> str:
        return subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_ENGINE_SECONDS
        ).stdout

    def python_version(self) -> str:
        """Of the Python that builds get."""
        return platform.python_version()

    def _path(self) -> list[str]:
        """The machine's own folders, without the virtual environment that runs the cloud."""
        own = Path(sys.executable).parent
        given = self.variables.get("PATH", os.defpath).split(os.pathsep)
        return [each for each in given if each and Path(each) != own]

    def _of_package_managers(self) -> dict[str, str]:
        """Caches and settings of the person's home, which a build does not see."""
        home = Path(self.variables.get("HOME", "/root"))
        cache = Path(self.variables.get("XDG_CACHE_HOME", home / ".cache"))
        found = {
            "PIP_CACHE_DIR": self.variables.get("PIP_CACHE_DIR", str(cache / "pip")),
            "NPM_CONFIG_CACHE": self.variables.get("NPM_CONFIG_CACHE", str(home / ".npm")),
        }
        files = {
            "PIP_CONFIG_FILE": home / ".config" / "pip" / "pip.conf",
            "NPM_CONFIG_USERCONFIG": home / ".npmrc",
        }
        for name, file in files.items():
            if name not in self.variables and file.is_file():
                found[name] = str(file)
        return found

    def _of_image_builds(self) -> dict[str, str]:
        """What an image build needs on this machine and not on AWS."""
        arm = platform.machine() in ("arm64", "aarch64")
        own = self.variables.get("PIP_CERT") or self.variables.get("SSL_CERT_FILE") or ""
        return {
            "PLATFORM": "linux/arm64" if arm else "linux/amd64",
            **({"BASE_IMAGE": self.base_image} if self.base_image else {}),
            **({"CA_BUNDLE": own} if own else {}),
        }

    def _lend_programs(self, tools: Path, home: Path, *, privileged: bool) -> None:
        search = os.pathsep.join([str(Path(sys.executable).parent), *self._path()])
        for name in _PROGRAMS:
            program = shutil.which(name, path=search)
            if program:
                (tools / name).symlink_to(program)
        # A link would make this folder the home of virtual environments.
        python = (
            Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
        )
        base = str(python if python.exists() else Path(sys.executable).resolve())
        for name in ("python", "python3", f"python{sys.version_info[0]}.{sys.version_info[1]}"):
            _script(tools / name, f'exec "{base}" "$@"')
        for name in ("pip", "pip3"):
            _script(tools / name, f'exec "{base}" -m pip "$@"')
        # The build image has docker only, and its daemon runs in privileged builds only.
        _script(tools / "podman", 'echo "podman: command not found" >&2; exit 127')
        if privileged and self.engine:
            self._lend_engine(tools / "docker", home, self.engine)
        else:
            _script(tools / "docker", f'echo "{_NO_DAEMON}" >&2; exit 1')

    def _lend_engine(self, target: Path, home: Path, engine: str) -> None:
        """A `docker` that reaches the local registry by the names that images have in ECR.

        It runs in the person's home, where an engine without root keeps its images, but keeps
        log-ins in the build's.
        """
        config = home / ".docker"
        config.mkdir()
        own = Path(self.variables.get("HOME", "/root")) / ".docker"
        for name in ("cli-plugins", "contexts"):
            if (own / name).is_dir():
                (config / name).symlink_to(own / name)
        settings = {
            name: self.variables[name]
            for name in ("HOME", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONTEXT")
            if name in self.variables
        }
        exports = "\n".join(
            f"export {name}={shlex.quote(value)}" for name, value in settings.items()
        )
        program = shutil.which(engine, path=os.pathsep.join(self._path())) or engine
        write_engine(target, program=program, registry=self.registry, config=config, start=exports)


def write_engine(
    target: Path, *, program: str, registry: str, config: Path, start: str = ""
) -> None:
    """Write a `docker` that finds the local registry under the names that images have in ECR.

    Args:
        target: the program to make.
        program: the engine's own.
        registry: host and port of the local ECR.
        config: the folder that keeps its log-ins.
        start: lines of shell before all else.
    """
    text = Path(__file__).with_name("docker.sh").read_text(encoding="utf-8")
    for name, value in {
        "EXPORTS": start,
        "CONFIG": str(config),
        "REGISTRY": registry,
        "PROGRAM": program,
    }.items():
        text = text.replace(f"@{name}@", value)
    target.write_text(text, encoding="utf-8")
    target.chmod(0o755)


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
