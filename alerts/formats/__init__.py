"""Formats: pure functions from what may be disclosed to text."""
