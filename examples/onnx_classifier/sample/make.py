"""Writes train.csv and test.csv: python make.py, where numpy is installed.

Points on the arms of a spiral, a little off: no straight line tells one arm from the others.
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ARMS = ("amber", "blue", "crimson")
random = np.random.default_rng(2026)

for name, rows in (("train", 480), ("test", 120)):
    arm = np.arange(rows) % len(ARMS)
    radius = np.sqrt(random.random(rows))
    angle = 2 * np.pi * (arm / len(ARMS) + 0.6 * radius)
    points = radius * np.stack([np.cos(angle), np.sin(angle)])
    points += random.normal(scale=0.02, size=points.shape)
    lines = [f"{ARMS[a]},{x:.4f},{y:.4f}\n" for a, x, y in zip(arm, *points, strict=True)]
    (HERE / f"{name}.csv").write_text("".join(lines), encoding="utf-8")
