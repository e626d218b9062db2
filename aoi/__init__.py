"""Where we look: areas of interest, the settlements inside them, the grids we measure on.

In:   files written by people (GeoJSON and other vector formats).
Out:  `Aoi`, `Settlement`, `Grid` and `Interval` values that every other room uses,
      and the registry of areas: who is due.
Read: interval.py, grid.py, area.py, settlement.py, files.py, registry.py.

Imports no other package of the service.
"""
