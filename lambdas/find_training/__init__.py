"""Finds a registered version that was trained from the very same image, data and settings."""
