"""Offers the released model to the next environments."""
