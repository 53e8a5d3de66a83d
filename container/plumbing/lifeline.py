"""Ends a child process when its parent is gone, so that nothing is left running."""

import os
import threading


class Lifeline:
    """A pipe whose write end only the parent holds: it closes when the parent ends, however.

    Make it before forking; then call ``hold`` in the child.
    """

    def __init__(self) -> None:
        self._read, self._write = os.pipe()

    def hold(self) -> None:
        """In the child: from now on, end at once when the parent ends."""
        os.close(self._write)
        threading.Thread(target=self._wait, daemon=True).start()

    def _wait(self) -> None:
        os.read(self._read, 1)  # nothing is ever written: this returns at end of file
        os._exit(1)
