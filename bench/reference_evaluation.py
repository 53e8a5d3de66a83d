"""What a notebook does: read every prediction, then ask scikit-learn. Something to measure beside.

It runs in the environment of the model's container: `python reference_evaluation.py FOLDER`.
"""

import csv
import importlib
import json
import re
import sys
import time
from pathlib import Path


def main() -> None:
    """Evaluate the predictions in a folder and say what it took."""
    started = time.perf_counter()
    # They are not where this file is checked for types.
    numpy = importlib.import_module("numpy")
    metrics = importlib.import_module("sklearn.metrics")
    actual: list[str] = []
    predicted: list[str] = []
    for path in sorted(Path(sys.argv[1]).iterdir()):
        with path.open(newline="", encoding="utf-8") as lines:
            for row in csv.reader(lines):
                actual.append(row[0])
                predicted.append(row[-1])
    labels = sorted({*actual, *predicted})
    truth, guess = numpy.array(actual), numpy.array(predicted)
    answer = {
        "confusionMatrix": {
            "labels": labels,
            "counts": metrics.confusion_matrix(truth, guess, labels=labels).tolist(),
        },
        "metrics": {
            "accuracy": metrics.accuracy_score(truth, guess),
            "macroF1": metrics.f1_score(truth, guess, average="macro", zero_division=0),
        },
    }
    seconds = time.perf_counter() - started
    # Unlike ru_maxrss, it does not begin with what the process had before it became this program.
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    peak = int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0]) * 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "peakBytes": peak, "answer": answer}) + "\n")


if __name__ == "__main__":
    main()
