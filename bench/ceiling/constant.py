"""The container's own server with nothing behind it: every request gets the same answer.

It runs in the model image: what serving one row can reach at most, with reading, predicting and
writing for nothing.
"""

import sys

from plumbing import workers
from plumbing.http_answer import Response
from plumbing.http_connection import Content
from plumbing.http_head import Head
from plumbing.http_server import Application
from plumbing.serving_settings import ServingSettings

_BODY = b"setosa\n"  # what a row of the sample gets


def answer(_head: Head, _content: Content) -> Response:
    """The same to all."""
    return Response(200, "text/csv", _BODY)


if __name__ == "__main__":
    sys.exit(workers.run(ServingSettings.from_environment(), lambda: Application(answer)))
