"""Code that several functions of the release workflow share."""
