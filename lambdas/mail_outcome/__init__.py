"""Tells people by mail how a release ended."""
