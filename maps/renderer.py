"""The renderer that alerts ask for their maps: implements `alerts.ports.MapRenderer`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from alerts.ports import AlertPicture, Exhibit, OverviewArea
from maps.alert_map import alert_map
from maps.overview_map import overview_map
from maps.plate import alt_text, plate, plate_png
from maps.recipe import recipe_of


class FoliumRenderer:
    """Draws with Folium and Pillow; keeps no state, opens no connection.

    Parameters
    ----------
    land : Path, optional
        Land outlines for the overview (`maps.land`); none are drawn without it.
    language : str
        Language of the overview. Alerts carry their own.
    """

    def __init__(self, land: Path | None = None, language: str = "en") -> None:
        self._land = land
        self._language = language

    def alert_map(self, picture: AlertPicture) -> str:
        """Return one HTML page: before and after with a swipe, outlines, facts."""
        return alert_map(picture)

    def plate(self, picture: AlertPicture) -> bytes:
        """Return a still picture, before beside after, as JPEG of 640 px and at most 180 kB."""
        return plate(picture)

    def exhibit(self, picture: AlertPicture) -> Exhibit:
        """Return the plate without loss, how it was drawn, and the map, as evidence has them."""
        return Exhibit(alert_map(picture), plate_png(picture), recipe_of(picture))

    def alt_text(self, picture: AlertPicture) -> str:
        """Return what the plate shows, in words."""
        return alt_text(picture)

    def overview(
        self, areas: Sequence[OverviewArea], generated_at: datetime, language: str = ""
    ) -> str:
        """Return one HTML page of all areas, in the language of the service unless one is given.

        Raises
        ------
        UnreadableLand
            If land outlines were asked for and cannot be drawn.
        """
        return overview_map(
            areas, generated_at, language=language or self._language, land=self._land
        )
