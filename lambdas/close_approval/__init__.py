"""Closes an approval whose time or whose run is over."""
