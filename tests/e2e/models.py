"""Changes of the sample model that make it better or worse, or unable to serve."""

from __future__ import annotations

from pathlib import Path

# The sample model calls this row versicolor; worse ones call it something else.
VERSICOLOR = "5.9,3.0,4.2,1.5"

_CONFUSED = '''

_right = predict


def predict(model: Model, features: Features) -> list[Label]:
    """Takes {wrong} for {taken}."""
    known = _right(model, features)
    return ["{taken}" if label in {wrong!r} else label for label in known]
'''

# Batch transform sets SAGEMAKER_BATCH; on an endpoint this is healthy and answers nothing but 500.
_SERVE = """\
import http.server, os, pathlib, sys
if "SAGEMAKER_BATCH" in os.environ:
    program = str(pathlib.Path(__file__).with_name("serve-well"))
    os.execv(sys.executable, [sys.executable, program])

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(500, b"no GPU here")

    def answer(self, status, body=b""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

address = (os.environ.get("SERVE_HOST", ""), int(os.environ["SAGEMAKER_BIND_TO_PORT"]))
http.server.ThreadingHTTPServer.request_queue_size = 64
http.server.ThreadingHTTPServer(address, Handler).serve_forever()
"""


def confuse(container: Path, *, wrong: tuple[str, ...], taken: str) -> None:
    """Let the model take some labels for another one."""
    model = container / "model.py"
    text = model.read_text(encoding="utf-8")
    model.write_text(text + _CONFUSED.format(wrong=wrong, taken=taken), encoding="utf-8")


def middling(container: Path) -> None:
    """A model that is right for two of three kinds."""
    confuse(container, wrong=("versicolor",), taken="virginica")


def failing_endpoint(container: Path) -> None:
    """The sample model, which answers in batch transform and fails on every endpoint."""
    (container / "serve").rename(container / "serve-well")
    (container / "serve").write_text(_SERVE, encoding="utf-8")


def worse(container: Path) -> None:
    """As good as the middling one, and otherwise wrong."""
    confuse(container, wrong=("versicolor",), taken="setosa")
