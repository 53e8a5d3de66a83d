"""Run by parquet.py in a process of its own: a Parquet file on standard input comes out as Arrow.

    parquet_reader.py ROWS        the most rows in a batch

A damaged or hostile file can end the process that reads it: the library then panics where no
exception can be made of that, and a page of the file may ask for any amount of memory. Where it
gets none, the library may also wait for itself for ever.
"""

import io
import mmap
import resource
import signal
import sys

from arro3.io import read_parquet, write_ipc_stream

# Bytes that this process may ask for. A file of 100 MB takes 160 MB of them, of 500 columns 400, of
# 5,000 columns 700.
MEMORY = 1024**3
SECONDS = 30  # until the next batch


class _Out(io.FileIO):
    """Where it goes; the process ends if it takes too long for what is to be written next."""

    def write(self, data: bytes) -> int:  # type: ignore[override]
        signal.alarm(0)  # who reads may take any time
        written = super().write(data)
        signal.alarm(SECONDS)
        return written


def main() -> None:
    """Writes batches as they are read, so that only some of them are in memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.alarm(SECONDS)
    file = mmap.mmap(0, 0, access=mmap.ACCESS_READ)
    with _Out(1, "wb") as out:
        write_ipc_stream(read_parquet(file, batch_size=int(sys.argv[1])), out)


if __name__ == "__main__":
    main()
