"""Writes train.csv and test.csv: python make.py, where numpy is installed.

Friedman's first problem for regression, with the noise of his paper ("Multivariate Adaptive
Regression Splines", The Annals of Statistics 19, 1991): ten features from 0 to 1, of which five
count. Best possible RMSE: 1, the noise.
"""

from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
random = np.random.default_rng(1991)

for name, rows in (("train", 500), ("test", 125)):
    x = random.random((rows, 10)).round(3)
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3]
    y = (y + 5 * x[:, 4] + random.normal(size=rows)).round(3)
    np.savetxt(HERE / f"{name}.csv", np.column_stack([y, x]), delimiter=",", fmt="%.3f")
