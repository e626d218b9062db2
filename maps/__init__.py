"""What we show: maps and pictures that ask the network for nothing.

In:   `AlertPicture` and `OverviewArea` values of `alerts.ports`: what may be shown.
Out:  self-contained HTML pages and still pictures.
Read: renderer.py (the port), alert_map.py, overview_map.py, plate.py, overlay.py, offline.py.

Imports the values of the other rooms; nothing imports it but the front door.
"""
