"""`python -m bench`: every measurement; figures also in .local/bench.json.

A ratio is how many times better this is than what it is measured beside: larger is better.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from bench import synth

_RESULT = Path(__file__).resolve().parent.parent / ".local" / "bench.json"
_RUNS = 5


def main() -> None:
    """Measure, print and write."""
    ours, empty = synth.measure(_RUNS)
    ratio = statistics.median(empty) / statistics.median(ours)
    print(f"cdk synth, {_RUNS} runs each, in turns, median (smallest to largest) in seconds")
    print(f"  an empty CDK app in Python  {_spread(empty)}")
    print(f"  this app                    {_spread(ours)}")
    print(f"  this app takes {1 / ratio:.2f} times as long")
    _RESULT.parent.mkdir(exist_ok=True)
    _RESULT.write_text(json.dumps({"ratios": {"synth": ratio}}, indent=1), encoding="utf-8")


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
