"""Sources of imagery and hotspots: one module each, all behind `monitor.ports`."""
