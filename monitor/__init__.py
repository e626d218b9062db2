"""What we see: imagery in, findings out. Also the front door of the service.

In:   `Aoi` values that are due, imagery and hotspots from sources.
Out:  archived looks, and rows: runs, coverage, readings, findings.
Read: service.py (the whole flow on one page), pipeline.py (one run), scene.py, ports.py,
      sources/, observation.py, looks.py, baseline.py, detectors/, finding.py, store.py.

cli.py, app.py and service.py are the front door: they may import any package,
and nothing imports them. Every other module here imports `aoi` and `monitor` only.
"""
