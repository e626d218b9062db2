"""Where we look: areas of interest, the settlements inside them, the grids we measure on.

In:   files written by people (GeoJSON, GeoPackage, Shapefile, KML, FlatGeobuf), and
      what stands on the command line.
Out:  `Aoi`, `Settlement`, `Grid` and `Interval` values that every other room uses,
      and the registry of areas: who is due.
Read: interval.py, grid.py, area.py, settlement.py; then files.py (what a file becomes),
      layer.py (any format to features), geojson.py and json_text.py (the strict reader),
      outline.py and properties.py (the rules); then registry.py.

Imports no other package of the service.
"""
