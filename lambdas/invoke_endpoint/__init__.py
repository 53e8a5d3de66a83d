"""The inference API: one endpoint, JSON in, JSON out."""
