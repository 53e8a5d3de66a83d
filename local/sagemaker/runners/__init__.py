"""What runs an image: a local process, or a container engine."""
