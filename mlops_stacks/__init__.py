"""The stacks of the model release system."""
