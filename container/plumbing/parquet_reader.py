"""Run by parquet.py in a process of its own: a Parquet file on standard input comes out as Arrow.

    parquet_reader.py ROWS        the most rows in a batch

A damaged or hostile file can end the process that reads it: the library then panics where no
exception can be made of that, and a page of the file may ask for any amount of memory.
"""

import mmap
import resource
import sys

from arro3.io import read_parquet, write_ipc_stream

MEMORY = 2 * 1024**3  # bytes that this process may ask for


def main() -> None:
    """Writes batches as they are read, so that only some of them are in memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    file = mmap.mmap(0, 0, access=mmap.ACCESS_READ)
    with open(1, "wb", buffering=0) as out:
        write_ipc_stream(read_parquet(file, batch_size=int(sys.argv[1])), out)


if __name__ == "__main__":
    main()
