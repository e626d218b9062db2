"""The simulator: original, seeded worlds in the formats that real providers deliver.

In:   a preset and a seed.
Out:  an imagery folder (CONTRACT section 4), areas, settlements, truth; or looks directly.
Read: presets.py (what can be set), world.py (a world), looks.py and catalogue.py (what it
      gives). The ground: materials, terrain, villages, seasons, changes. What happens on it:
      events, fires, customs, camps, mimics. What is seen of it: weather, orbits, patches,
      surface, pixels, radar, hotspots. Every part draws from its own stream (streams.py).

Imports `aoi` and the values of `monitor`; no detector imports it. Results on simulated
worlds are design guidance, never accuracy.
"""
