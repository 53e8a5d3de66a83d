"""Records how executions of the workflow ended."""
