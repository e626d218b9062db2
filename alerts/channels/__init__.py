"""Channels: ways to hand a rendered message to the outside world."""
