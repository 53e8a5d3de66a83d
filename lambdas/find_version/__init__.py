"""Finds a registered version that is to be put back."""
