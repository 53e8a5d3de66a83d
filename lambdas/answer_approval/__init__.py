"""Shows the evidence and takes the decision on a model."""
