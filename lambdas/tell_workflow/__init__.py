"""Tells a waiting workflow how its approval was decided."""
