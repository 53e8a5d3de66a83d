"""Merges the measured parts into the report and its summary."""
