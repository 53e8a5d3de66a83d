"""Checks that the released endpoint answers as the tested model did."""
