"""Takes away, before the stacks go, what releases have made beside them."""
