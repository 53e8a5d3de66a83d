"""`python -m bench [synth] [functions]`: every measurement, or those that are named.

Figures also go to .local/bench.json, beside those of measurements that did not run. A ratio is how
many times better this is than what it is measured beside: larger is better.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path

from bench import functions, synth

_RESULT = Path(__file__).resolve().parent.parent / ".local" / "bench.json"
_RUNS = 5
_STARTS = 15  # each takes a second


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(_MEASUREMENTS))
    names = parser.parse_args().names or list(_MEASUREMENTS)
    if unknown := set(names) - set(_MEASUREMENTS):
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    for name in names:
        _write(_MEASUREMENTS[name]())


def _synth() -> dict[str, float]:
    ours, empty = synth.measure(_RUNS)
    ratio = statistics.median(empty) / statistics.median(ours)
    print(f"cdk synth, {_RUNS} runs each, in turns, median (smallest to largest) in seconds")
    print(f"  an empty CDK app in Python  {_spread(empty)}")
    print(f"  this app                    {_spread(ours)}")
    print(f"  this app takes {1 / ratio:.2f} times as long")
    return {"synth": ratio}


def _functions() -> dict[str, float]:
    ours, reference = functions.cold_starts(_STARTS)
    start = statistics.median(reference) / statistics.median(ours)
    print(f"cold start, {_STARTS} runs each, in turns, median (smallest to largest) in seconds")
    print(f"  a callback function of the reference design's kind  {_spread(reference)}")
    print(f"  the approval page's function                        {_spread(ours)}")
    print(f"  the approval page's takes {1 / start:.2f} times as long")
    sizes = [functions.package_bytes(made()) for made in (functions.reference, functions.ours)]
    print("package, bytes as uploaded")
    print(f"  a callback function of the reference design's kind  {sizes[0]}")
    print(f"  all functions of this app in one                    {sizes[1]}")
    return {"coldStart": start, "packageSize": sizes[0] / sizes[1]}


_MEASUREMENTS: dict[str, Callable[[], dict[str, float]]] = {
    "synth": _synth,
    "functions": _functions,
}


def _write(ratios: dict[str, float]) -> None:
    written = json.loads(_RESULT.read_text(encoding="utf-8")) if _RESULT.exists() else {}
    merged = {**written, "ratios": {**written.get("ratios", {}), **ratios}}
    _RESULT.parent.mkdir(exist_ok=True)
    _RESULT.write_text(json.dumps(merged, indent=1), encoding="utf-8")


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
