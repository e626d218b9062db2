"""Sealed evidence: what an alert rests on, to be checked without us.

In:   an alert, its log, readings, archived looks and chips.
Out:  one zip, the same bytes each time; and a verdict on such a zip that names what is wrong.
Read: room.py (collects), bundle.py (writes), seal.py (signs), check.py (verifies), measures.py.

Imports `aoi`, `monitor` and the rest of `alerts`; check.py needs no database and no network.
"""
