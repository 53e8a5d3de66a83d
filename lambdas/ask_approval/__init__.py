"""Asks the approvers by mail whether a model may be released."""
