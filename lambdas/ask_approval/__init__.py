"""Asks a person by mail whether a model may be released."""
