"""Starts a release with the live model's image, because of new data or because it is time."""
