"""Looks for what would stop a release later, before a machine is paid for."""
