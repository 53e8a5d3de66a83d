"""Chromium without a window, driven over its DevTools protocol on a pair of pipes.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-extensions", "--remote-debugging-pipe"),
    # Nothing but the pages under test may be asked for.
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
_PATIENCE_SECONDS = 60
# https://chromedevtools.github.io/devtools-protocol/tot/Input/#method-dispatchKeyEvent
_KEYS = {"Tab": 9, "Enter": 13}


class Browser:
    """One page of a browser.

    Attributes:
        complaints: what the browser's console has said so far.
    """

    def __init__(self, *, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._buffer = b""
        self._number = 0
        self._loaded = False
        self._session = ""
        self.complaints: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        answer = self._call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = answer["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")

    @classmethod
    @contextmanager
    def opened(cls, profile: Path) -> Iterator[Browser]:
        """Start a browser with a profile of its own, and end it afterwards."""
        program = next(filter(None, map(shutil.which, _NAMES)), None)
        if program is None:
            pytest.skip("no Chromium on PATH: install it to test the page in a browser")
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        # The browser reads 3 and writes 4: what is there now must not be in the way.
        source, sink = (fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (theirs_in, theirs_out))

        def hand_over() -> None:
            os.dup2(source, 3)
            os.dup2(sink, 4)

        process = subprocess.Popen(
            [program, *_OPTIONS, f"--user-data-dir={profile}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=hand_over,
            pass_fds=(3, 4),
        )
        for fd in (theirs_in, theirs_out, source, sink):
            os.close(fd)
        try:
            yield cls(reads=ours_in, writes=ours_out)
        finally:
            process.kill()
            process.wait()
            os.close(ours_in)
            os.close(ours_out)

    def open(self, url: str) -> None:
        """Go to an address and wait until it has loaded."""
        self._loaded = False
        self._call("Page.navigate", url=url)
        self.wait_until_loaded()

    def wait_until_loaded(self) -> None:
        """Wait for the page that a link or a form leads to."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not self._loaded:
            self._take(self._read(deadline))

    def arrive(self, url: str) -> None:
        """Wait until this address has loaded, however often another page reloads before."""
        while True:
            self.wait_until_loaded()
            if self.value("location.href") == url:
                return
            self._loaded = False

    def see_as(self, *, width: int, dark: bool = False) -> None:
        """Look through a window of this width in pixels, light or dark."""
        self._call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> None:
        """Save the whole page as PNG."""
        shot = self._call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def value(self, expression: str) -> Any:  # noqa: ANN401 - whatever the page answers
        """What a JavaScript expression is in the page; the page's own policy does not apply."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    @property
    def text(self) -> str:
        """What a person reads."""
        return str(self.value("document.body.innerText"))

    def click(self, selector: str) -> None:
        """Click what a CSS selector finds, with the mouse."""
        find = f"document.querySelector({json.dumps(selector)})"
        self.value(f"{find}.scrollIntoView({{block: 'center'}})")
        box = self.value(f"{find}.getClientRects()[0].toJSON()")  # its first line, if it wraps
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        self._loaded = False
        for kind in ("mousePressed", "mouseReleased"):
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """Press Tab or Enter."""
        code = _KEYS[key]
        text = "\r" if key == "Enter" else ""
        self._loaded = False
        for kind in ("keyDown", "keyUp"):
            self._call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                windowsVirtualKeyCode=code,
                **({"text": text} if text and kind == "keyDown" else {}),
            )

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self._call("Input.insertText", text=text)

    def _call(self, method: str, **parameters: object) -> dict[str, Any]:
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._writes, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while True:
            answer = self._read(deadline)
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                result: dict[str, Any] = answer["result"]
                return result
            self._take(answer)

    def _take(self, event: dict[str, Any]) -> None:
        given = event.get("params", {})
        match event.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Log.entryAdded":
                self.complaints.append(given["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown":
                self.complaints.append(json.dumps(given))

    def _read(self, deadline: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._reads], [], [], left)[0]:
                raise TimeoutError("The browser does not answer")
            chunk = os.read(self._reads, 1 << 20)
            if not chunk:
                raise RuntimeError("The browser has ended")
            self._buffer += chunk
        text, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        return message
