"""Registers every candidate as a version in the model registry."""
