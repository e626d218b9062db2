"""Collects what an alert rests on, and seals it (ALERTS 5.8, 5.9)."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from alerts.alert import Alert, AlertEvent
from alerts.disclosure import AUDIENCES, DESK, Disclosure, tlp_of
from alerts.errors import EvidenceRefused
from alerts.evidence.bundle import bundled, canonical_json, root_statement
from alerts.evidence.measures import band_means
from alerts.evidence.provenance import provenance_of
from alerts.evidence.readme import readme
from alerts.evidence.report import language_on_paper, report_pdf
from alerts.evidence.seal import Seal
from alerts.evidence.timestamps import Stamp, asked, stamp_of
from alerts.formats.geojson import feature_of, geojson_text
from alerts.payload import canonical, payload_of
from alerts.ports import AlertPicture, Exhibitor
from alerts.store import AlertStore, events_in, log_root, segment
from aoi.database import reading
from monitor.area_job import ArchivedLook
from monitor.errors import ArchiveError
from monitor.finding import Chip
from monitor.reading import Reading
from monitor.store import MonitorStore

MAX_BUNDLE_BYTES = 10_000_000
"""Looks that would make it larger are named by their digest and left in the archive."""

READINGS_BEFORE = timedelta(days=60)
READINGS_AFTER = timedelta(days=30)

LIBRARIES = ("emberwatch", "numpy", "rasterio", "scipy", "shapely")

Pictured = Callable[[Alert, str | None], AlertPicture]
"""Returns what the desk may see of an alert, in a language; None for that of the house."""


class EvidenceRoom:
    """Makes bundles of evidence.

    Parameters
    ----------
    engine : Engine
    monitor : MonitorStore
        Looks, readings and findings.
    folder : Path
        The data folder, in which looks and chips are archived.
    seal : Seal
    pictured : Pictured
    exhibitor : Exhibitor
    """

    def __init__(
        self, engine: Engine, monitor: MonitorStore, folder: Path, seal: Seal, pictured: Pictured,
        exhibitor: Exhibitor,
    ) -> None:  # fmt: skip
        self._engine = engine
        self._monitor = monitor
        self._folder = folder
        self._seal = seal
        self._pictured = pictured
        self._exhibitor = exhibitor

    @property
    def fingerprint(self) -> str:
        """The key that bundles are sealed with, to be read out on the phone."""
        return self._seal.public.fingerprint

    @property
    def public_key_pem(self) -> bytes:
        """The key that bundles are checked with."""
        return self._seal.public.pem

    def bundle(self, event_id: str, language: str = "") -> bytes:
        """Return the sealed bundle of an alert, the same bytes as long as nothing changes.

        Parameters
        ----------
        language : str
            Of the printed report; empty: that of the house, as the map.

        Raises
        ------
        UnknownAlert
        EvidenceRefused
            If a chip or a look is missing, or is not what was archived.
        """
        alert = AlertStore(self._engine).alert(event_id)
        chips = self._chips(alert)
        looks = self._looks(alert)
        with reading(self._engine) as connection:
            log = segment(connection, alert.event_id)
            events = events_in(connection, alert.event_id)
        made = {
            "README.txt": readme(alert.ref, str(tlp_of(alert)), self._seal.public.fingerprint),
            "event.geojson": _feature(alert).encode(),
            "event.json": canonical(payload_of(alert)).encode() + b"\n",
            "log/segment.jsonl": b"".join(canonical(row).encode() + b"\n" for row in log),
            "values.json": canonical_json(self._values(alert, chips)),
            **self._exhibits(alert, events, looks, language),
        }
        chip_files = dict(zip(chips, alert.finding.chips, strict=True))
        prov = canonical_json(provenance_of(alert, events, looks, made, chip_files))
        root = self._seal.envelope(root_statement(log[-1]))
        files = {
            **made, **chips, "prov.json": prov, "log/root.dsse.json": root,
            **self._stamps(log[-1]["sha256"]),
        }  # fmt: skip
        inside = dict(self._fitting(looks, sum(map(len, files.values()))))
        predicate = _predicate(alert, looks, {**chips, **inside}, log[-1]["sha256"])
        return bundled({**files, **inside}, predicate, self._seal)

    def stamp(self, url: str) -> Stamp:
        """Have an authority of others stamp the log as it stands; bundles of it bear the stamp.

        Raises
        ------
        EvidenceRefused
        """
        with reading(self._engine) as connection:
            root = log_root(connection)
        token = asked(url, root)
        path = self._stamp_path(root)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(token)
        except OSError as error:
            raise EvidenceRefused(f"the time stamp cannot be kept: {error.strerror}") from error
        return stamp_of(token)

    def _stamps(self, root: str) -> dict[str, bytes]:
        path = self._stamp_path(root)
        return {"log/root.tsr": path.read_bytes()} if path.is_file() else {}

    def _stamp_path(self, root: str) -> Path:
        return self._folder / "stamps" / f"{root}.tsr"

    def _chips(self, alert: Alert) -> dict[str, bytes]:
        """Return the pixels of the looks before and after, as they were archived."""
        return {
            _chip_name(chip): self._original(chip.path, chip.sha256) for chip in alert.finding.chips
        }

    def _looks(self, alert: Alert) -> list[ArchivedLook]:
        """Return the looks that show it, and those of the time that do not."""
        named = {
            look_id
            for evidence in alert.finding.evidence
            for look_id in (*evidence.look_ids, *evidence.quiet_look_ids)
        }
        since = alert.finding.happened.start - READINGS_BEFORE
        known = self._monitor.looks(alert.aoi_id, since=since, superseded=True)
        return [look for look in known if look.look_id in named]

    def _fitting(self, looks: Iterable[ArchivedLook], used: int) -> Iterable[tuple[str, bytes]]:
        room = MAX_BUNDLE_BYTES - used
        for look in looks:
            content = self._original(look.path, look.sha256)
            if len(content) <= room:
                room -= len(content)
                yield f"looks/others/{_plain(look.look_id)}.tif", content

    def _original(self, path: str, sha256: str) -> bytes:
        """Return an archived file, if it is what was archived."""
        try:
            content = (self._folder / path).read_bytes()
        except OSError as error:
            raise EvidenceRefused(
                f"{path} cannot be read: {error.strerror}", hint="restore it from a backup"
            ) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise EvidenceRefused(
                f"{path} is not what was archived: its digest does not fit",
                hint="restore it from a backup; nothing was exported",
            )
        return content

    def _exhibits(
        self, alert: Alert, events: Sequence[AlertEvent], looks: Sequence[ArchivedLook],
        language: str,
    ) -> dict[str, bytes]:  # fmt: skip
        """Return what is drawn for people: map, plate, report, and how the plate was drawn."""
        try:
            picture = self._pictured(alert, None)
            asked = language or picture.language
            exhibit = self._exhibitor.exhibit(picture)
            printed = self._pictured(alert, language_on_paper(asked))
        except ArchiveError as error:
            raise EvidenceRefused(error.message, error.hint) from error
        recipe = {
            **exhibit.recipe,
            "inputs": {_chip_name(chip): chip.sha256 for chip in alert.finding.chips},
        }
        key = self._seal.public.fingerprint
        return {
            "map.html": exhibit.map_page.encode(),
            "plate.png": exhibit.plate_png,
            "recipe.json": canonical_json(recipe),
            "report.pdf": report_pdf(printed, exhibit.plate_png, events, looks, key, asked=asked),
        }

    def _values(self, alert: Alert, chips: Mapping[str, bytes]) -> dict[str, Any]:
        outline = alert.place.footprint or alert.finding.geometry
        finding = alert.finding
        readings = self._monitor.readings(
            alert.settlement_id or "", finding.happened.start - READINGS_BEFORE
        )
        until = finding.last_seen + READINGS_AFTER
        return {
            # Rounded to a centimetre: the same text on every machine.
            "outline": shapely.to_wkt(outline, rounding_precision=7),
            "band_means": {
                name: {band: mean.hex() for band, mean in _means(tif, outline).items()}
                for name, tif in chips.items()
            },
            "readings": [_reading(one) for one in readings if one.acquired_at <= until],
        }


def _chip_name(chip: Chip) -> str:
    return f"looks/{chip.role}/{_plain(chip.look_id)}.tif"


def _means(tif: bytes, outline: BaseGeometry) -> dict[str, float]:
    return band_means(tif, shapely.from_wkt(shapely.to_wkt(outline, rounding_precision=7)))


def _feature(alert: Alert) -> str:
    shown = Disclosure.for_(alert, AUDIENCES[DESK])
    published_at = alert.released_at or alert.changed_at
    return geojson_text(feature_of(shown, published_at=published_at, reason="export"))


def _predicate(
    alert: Alert, looks: Iterable[ArchivedLook], inside: Mapping[str, bytes], root: str
) -> dict[str, Any]:
    finding = alert.finding
    return {
        "event_id": alert.event_id,
        "ref": alert.ref,
        "revision": alert.revision,
        "status": alert.status.value,
        "tlp": str(tlp_of(alert)),
        "finding_ids": list(alert.finding_ids),
        "detector": finding.detector,
        "calibration": finding.calibration,
        "probability": finding.probability.hex(),
        "log_root": root,
        "looks": [_look(look, inside) for look in looks],
        "chips": [
            {
                "role": chip.role, "look_id": chip.look_id, "scene_ids": list(chip.scene_ids),
                "provider": chip.provider, "acquired_at": _instant(chip.acquired_at),
                "sha256": chip.sha256,
            }
            for chip in finding.chips
        ],
        "libraries": {name: version(name) for name in LIBRARIES},
    }  # fmt: skip


def _look(look: ArchivedLook, inside: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "look_id": look.look_id,
        "acquired_at": _instant(look.acquired_at),
        "retrieved_at": _instant(look.known_at),
        "platform": look.platform,
        "provider": look.provider,
        "scene_ids": list(look.scene_ids),
        "sha256": look.sha256,
        "superseded_by": look.superseded_by,
        "inside": f"looks/others/{_plain(look.look_id)}.tif" in inside,
    }


def _reading(one: Reading) -> dict[str, Any]:
    return {
        "look_id": one.look_id,
        "acquired_at": _instant(one.acquired_at),
        "detector": one.detector,
        "mode": one.mode,
        "verdict": one.verdict.value,
        "reason": one.reason,
        "p": one.p.hex(),
        "score": one.score.hex(),
        "burned_fraction": one.burned_fraction.hex(),
        "values": {
            name: value.hex() for name, value in one.values.items() if not math.isnan(value)
        },
        "flags": list(one.flags),
    }


def _instant(at: datetime) -> str:
    return at.isoformat()


def _plain(look_id: str) -> str:
    """Return an identifier as part of a file's name."""
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in look_id)[:100]
