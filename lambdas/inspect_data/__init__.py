"""Names the version of the data that a release trains on and is measured on."""
