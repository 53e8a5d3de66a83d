"""The parts of the release workflow, in the order in which a release passes through them."""
