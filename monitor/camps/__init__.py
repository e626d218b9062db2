"""Camps: what blocks of tents look like, where they appear, how they grow and empty.

Pure parts of the camp detector (DETECTION 4d), from features to findings, in the order
region, features, season, control, sign, components, area, emptying.
"""
