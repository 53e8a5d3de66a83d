"""Measures one part of the predictions against the held-out labels."""
