"""Measures predictions part by part, each part in bounded memory, and merges the parts."""
