"""Collects what a person needs to decide whether a model may be released."""
