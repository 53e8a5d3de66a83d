"""Measures the batch predictions against the held-out labels."""
