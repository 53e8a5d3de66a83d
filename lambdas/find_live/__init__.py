"""Finds the model that serves now, and whether its figures are about the same data."""
