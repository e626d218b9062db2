"""The rules that the detector is measured against (DETECTION section 6).

In: the same looks, block sets and hotspots that the detector gets, in time order.
Out: `Scores` of every settlement at every clear look, native threshold beside them.
Read: catalogue.py, then ground.py, then any one rule.
Imports: aoi, and of monitor only looks, blocks, scene and alarm.
"""
