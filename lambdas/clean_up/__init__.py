"""Deletes the models and endpoint configurations that nothing needs any more."""
