"""The simulator: original, seeded worlds in the formats that real providers deliver.

In:   a preset and a seed.
Out:  an imagery folder (CONTRACT section 4), areas, settlements, truth; or looks directly.
Read: world.py, weather.py, events.py, render.py, catalogue.py, presets.py.

Imports `aoi` and the values of `monitor`; no detector imports it.
"""
