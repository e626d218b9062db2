"""OGC API - Features, part 1 (17-069r4): alerts, areas and settlements for a GIS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from fastapi import HTTPException
from fastapi.responses import JSONResponse

from alerts.web.accounts import Role
from alerts.web.asking import asked_of, pages_of
from alerts.web.guard import guarded_router, needs
from alerts.web.page import Page, PageOf
from alerts.web.places import (
    area_feature,
    area_for,
    areas_for,
    settlement_for,
    settlements_for,
)
from alerts.web.records import (
    Asked,
    Feature,
    Found,
    alert_for,
    alerts_for,
    collection,
)

router = guarded_router()

JSON, GEOJSON = "application/json", "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.1"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
PARAMETERS = ("bbox", "datetime", "limit", "offset", "f", "key")

CONFORMS_TO = [
    f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}"
    for name in ("core", "oas30", "geojson")
]


@dataclass(frozen=True, slots=True)
class Kept:
    """One collection."""

    title: str
    description: str
    items: Callable[[Page, Asked], Found]
    item: Callable[[Page, str], Feature]


KEPT = {
    "alerts": Kept(
        "Alerts",
        "Changes of settlements seen from space, as precisely as your clearance allows.",
        alerts_for,
        alert_for,
    ),
    "aois": Kept(
        "Areas of interest",
        "What is watched.",
        areas_for,
        lambda page, aoi_id: area_feature(area_for(page, aoi_id)),
    ),
    "settlements": Kept(
        "Settlements",
        "The places that alerts are about.",
        settlements_for,
        settlement_for,
    ),
}


@router.get("/ogc")
@needs(Role.READER)
def landing(page: PageOf) -> JSONResponse:
    """Say where everything is."""
    return JSONResponse({
        "title": "Emberwatch",
        "description": "Alerts of burned settlements and displacement camps seen from space.",
        "links": [
            link(page, "/ogc", "self", JSON, "This page"),
            link(page, "/api/openapi.json", "service-desc", OPENAPI, "The API"),
            link(page, "/ogc/conformance", "conformance", JSON, "What is kept of the standard"),
            link(page, "/ogc/collections", "data", JSON, "Collections"),
        ],
    })  # fmt: skip


@router.get("/ogc/conformance")
@needs(Role.READER)
def conformance() -> JSONResponse:
    """Say what is kept of the standard."""
    return JSONResponse({"conformsTo": CONFORMS_TO})


@router.get("/ogc/collections")
@needs(Role.READER)
def collections(page: PageOf) -> JSONResponse:
    """List the collections."""
    return JSONResponse({
        "links": [link(page, "/ogc/collections", "self", JSON, "Collections")],
        "collections": [_described(page, name) for name in KEPT],
    })  # fmt: skip


@router.get("/ogc/collections/{name}")
@needs(Role.READER)
def one_collection(page: PageOf, name: str) -> JSONResponse:
    """Describe one collection."""
    _known(name)
    return JSONResponse(_described(page, name))


@router.get("/ogc/collections/{name}/items")
@needs(Role.READER)
def items(page: PageOf, name: str) -> JSONResponse:
    """Give one page of a collection."""
    kept, query = _known(name), dict(page.request.query_params)
    asked = asked_of(query, PARAMETERS)
    found = kept.items(page, asked)
    here = f"{page.parts.settings.base_url}/ogc/collections/{name}/items"
    body = collection(
        found.features,
        numberMatched=found.matched,
        numberReturned=len(found.features),
        timeStamp=page.now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        links=[
            *pages_of(here, query, asked, found.matched, GEOJSON),
            link(page, f"/ogc/collections/{name}", "collection", JSON, kept.title),
        ],
    )
    return JSONResponse(body, media_type=GEOJSON)


@router.get("/ogc/collections/{name}/items/{feature_id}")
@needs(Role.READER)
def one_item(page: PageOf, name: str, feature_id: str) -> JSONResponse:
    """Give one feature."""
    feature = _known(name).item(page, feature_id)
    here = f"/ogc/collections/{name}"
    links = [
        link(page, f"{here}/items/{feature['id']}", "self", GEOJSON, "This feature"),
        link(page, here, "collection", JSON, _known(name).title),
    ]
    return JSONResponse({**feature, "links": links}, media_type=GEOJSON)


def link(page: Page, path: str, rel: str, media: str, title: str) -> dict[str, str]:
    """Return a link under our own address, whatever name the request came by."""
    href = page.parts.settings.base_url + path
    return {"href": href, "rel": rel, "type": media, "title": title}


def _known(name: str) -> Kept:
    if name not in KEPT:
        raise HTTPException(404, f"there is no collection {name[:40]!r}; see /ogc/collections")
    return KEPT[name]


def _described(page: Page, name: str) -> dict[str, Any]:
    kept, path = KEPT[name], f"/ogc/collections/{name}"
    return {
        "id": name,
        "title": kept.title,
        "description": kept.description,
        "itemType": "feature",
        "crs": [CRS84],
        # The whole earth: where alerts are is told by their features, to who may see them.
        "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]], "crs": CRS84}},
        "links": [
            link(page, path, "self", JSON, kept.title),
            link(page, f"{path}/items", "items", GEOJSON, kept.title),
        ],
    }
