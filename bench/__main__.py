"""`python -m bench [NAME …]`: every measurement, or those that are named.

    python -m bench soak     2,000,000 requests, good and bad ones, and no memory lost (REQUESTS=…)
    python -m bench report   docs/performance.md and its picture, from the last figures

Figures also go to .local/bench.json, beside those of measurements that did not run. A ratio is how
many times better this is than what it is measured beside: larger is better.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable

from bench import container, evaluation, functions, report, soak, synth
from bench.figures import write
from bench.images import CannotMeasureError, engine, images
from bench.load import LoadError
from bench.machine import machine
from bench.plan import Plan

_RUNS = 5
_STARTS = 15  # each takes a second


def main() -> int:
    """Measure, print and write; returns the exit code."""
    given = _arguments()
    if given.names == ["soak"]:
        return soak.main()
    if given.names == ["report"]:
        return report.main()
    plan = Plan(rounds=given.rounds, seconds=given.seconds, training_rows=given.training_rows)
    failed = False
    for name in given.names or [*_MEASUREMENTS, *container.MEASUREMENTS]:
        if name in _MEASUREMENTS:
            write(ratios=_MEASUREMENTS[name]())
        else:
            failed |= not _in_containers(name, plan)
    return int(failed)


def _arguments() -> argparse.Namespace:
    known = [*_MEASUREMENTS, *container.MEASUREMENTS]
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    plan = Plan()
    parser.add_argument("--rounds", type=int, default=plan.rounds, help="turns in containers")
    parser.add_argument("--seconds", type=float, default=plan.seconds, help="of each load, a turn")
    parser.add_argument("--training-rows", type=int, default=plan.training_rows)
    given = parser.parse_args()
    if given.names not in (["soak"], ["report"]) and (unknown := set(given.names) - set(known)):
        parser.error(f"there is no measurement {', '.join(sorted(unknown))}")
    return given


def _in_containers(name: str, plan: Plan) -> bool:
    """Whether it was measured, or could not be for a reason of the machine."""
    measure, figure_names = container.MEASUREMENTS[name]
    print(f"{name}, beside the baseline stack")
    try:
        found = measure(images(), plan)
    except CannotMeasureError as error:
        print(f"  not measured: {error}")
        write(gone=figure_names)
        return True
    except (RuntimeError, LoadError) as error:
        print(f"  FAILED: {error}", file=sys.stderr)
        write(gone=figure_names)
        return False
    for figure in found:
        print(figure.line())
    write(figures=found, machine=machine(engine=engine().program))
    return True


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


def _evaluation() -> dict[str, float]:
    measured = evaluation.measure()
    ours, many, reference = measured.many_rows, measured.many_classes, measured.reference
    size, allowed = measured.size / 1e6, evaluation.MAX_BYTES // 2**20
    print(f"evaluation of {evaluation.ROWS} rows, {size:.0f} MB in S3, each function in a process")
    print(f"of its own: the most memory, {allowed} MiB allowed, and time from import to answer")
    print(f"  plan          {_mib(ours.plan.peak_bytes)}  {ours.plan.seconds:.2f} s")
    largest = max(cost.peak_bytes for cost in ours.parts)
    print(f"  {len(ours.parts)} parts       {_mib(largest)}", end="  ")
    print(f"{_spread([cost.seconds for cost in ours.parts])} s each")
    print(f"  merge         {_mib(ours.merge.peak_bytes)}  {ours.merge.seconds:.2f} s")
    rate = evaluation.ROWS / ours.seconds
    print(
        f"  in turns      {_mib(ours.peak_bytes)}  {ours.seconds:.1f} s, {rate:.0f} rows a second"
    )
    print(f"  scikit-learn  {_mib(reference.peak_bytes)}  {reference.seconds:.1f} s, from files")
    print("  the same confusion matrix, accuracy and macro F1")
    print(f"  with as many different classes as are allowed, at most {_mib(many.peak_bytes)}")
    return {
        "evaluationMemory": reference.peak_bytes / ours.peak_bytes,
        "evaluationTime": reference.seconds / ours.seconds,
    }


_MEASUREMENTS: dict[str, Callable[[], dict[str, float]]] = {
    "synth": _synth,
    "functions": _functions,
    "evaluation": _evaluation,
}


def _mib(size: int) -> str:
    return f"{size / 2**20:>5.0f} MiB"


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    sys.exit(main())
