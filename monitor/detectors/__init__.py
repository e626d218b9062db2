"""Detectors: pure functions on numpy arrays, with settings as frozen dataclasses.

To add one, write its module and name it in `DETECTORS`.
"""
