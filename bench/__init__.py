"""Measurements, always as a ratio of two things measured in the same run."""

import sys
from pathlib import Path

# The functions find each other as they do in AWS, where this folder is the code.
sys.path.append(str(Path(__file__).resolve().parent.parent / "lambdas"))
