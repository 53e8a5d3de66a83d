"""The local cloud: AWS on a laptop, for the same synthesized templates. See docs/local-cloud.md."""
