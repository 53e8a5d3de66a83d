"""Takes the model that the first environment offers."""
