"""Cuts the predictions into parts that are measured side by side."""
