"""One capability a file; stacks only wire these together."""
