from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn
from shapely import from_wkt
from shapely.geometry import shape
from sqlalchemy import Engine

from alerts.alert import Alert
from alerts.web.parts import Parts
from alerts.web.site import site
from aoi.database import METADATA, open_database
from tests.alerts.conftest import House
from tests.alerts.web.browsers import some_parts
from tests.alerts.web.conftest import Browse
from tests.builders import NOW, a_settlement


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Engine]:
    """A file, since the server answers from many threads."""
    engine = open_database(f"sqlite:///{tmp_path / 'site.sqlite'}")
    METADATA.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen()
        yield made


@pytest.fixture
def parts(db: Engine, tmp_path: Path, listener: socket.socket) -> Parts:
    made = some_parts(db, tmp_path)
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return replace(made, settings=replace(made.settings, base_url=base_url))


@pytest.fixture
def served(parts: Parts, listener: socket.socket) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(site(parts), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    yield parts.settings.base_url
    server.should_exit = True
    thread.join()


@pytest.fixture
def alert(house: House) -> Alert:
    opened = house.opened()
    house.desk.confirm(opened.ref, "Ben", NOW)
    house.publish(NOW)
    return house.alerts.alert(opened.event_id)


def villages(parts: Parts, count: int) -> None:
    parts.registry.add_settlements(
        "sd-test",
        [replace(a_settlement(), settlement_id=f"v-{n:04d}") for n in range(count)],
        NOW,
    )


# In a process of its own: GDAL holds the interpreter while it waits, and the server is here.
GDAL = """
import json, sys, pyogrio
if "OAPIF" not in pyogrio.list_drivers():
    sys.exit(3)
pyogrio.set_gdal_config_options({"GDAL_HTTP_AUTH": "BEARER", "GDAL_HTTP_BEARER": sys.argv[2]})
source = f"OAPIF:{sys.argv[1]}/ogc"
read = {
    name: pyogrio.read_dataframe(source, layer=name, PAGE_SIZE=10)
    for name, _ in pyogrio.list_layers(source)
}
alerts = read["alerts"]
west, south, east, north = alerts.total_bounds
near = pyogrio.read_dataframe(source, layer="alerts", bbox=(west, south, east, north))
far = pyogrio.read_dataframe(source, layer="alerts", bbox=(-10, -10, -9, -9))
print(json.dumps({
    "counts": {name: len(frame) for name, frame in read.items()},
    "refs": list(alerts["ref"]), "wkt": alerts.geometry[0].wkt, "near": len(near), "far": len(far),
}))
"""


def test_gdal_reads_alerts_areas_and_settlements_over_pages(
    parts: Parts, house: House, alert: Alert, served: str
) -> None:
    villages(parts, 25)
    # A header, not the address: addresses are logged by whoever stands between.
    secret = parts.api_keys.make("gdal", "partner-full", "olga", NOW)[1]

    child = subprocess.run(
        [sys.executable, "-c", GDAL, served, secret], capture_output=True, timeout=60, check=False
    )
    if child.returncode == 3:
        pytest.skip("this GDAL has no OGC API Features client")
    assert child.returncode == 0, child.stderr.decode()[-2_000:]
    read = json.loads(child.stdout)

    assert read["counts"] == {"alerts": 1, "aois": 1, "settlements": 26}
    assert read["refs"] == [alert.ref]
    assert from_wkt(read["wkt"]).equals_exact(alert.finding.geometry, 1e-6)
    assert (read["near"], read["far"]) == (1, 0)


def test_pages_are_linked_and_together_hold_everything_once(
    parts: Parts, house: House, browse: Browse
) -> None:
    villages(parts, 25)
    analyst = browse("analyst")
    path, seen = "/ogc/collections/settlements/items?limit=10", []
    while path:
        page = analyst.get(path).json()
        assert page["numberReturned"] == len(page["features"]) <= 10
        assert page["numberMatched"] == 26
        seen += [one["id"] for one in page["features"]]
        following = [one["href"] for one in page["links"] if one["rel"] == "next"]
        path = following[0].removeprefix(parts.settings.base_url) if following else ""

    assert len(seen) == len(set(seen)) == 26


def test_every_link_leads_somewhere_and_holds_no_key(
    parts: Parts, browse: Browse, alert: Alert
) -> None:
    secret = parts.api_keys.make("gis", "partner-full", "olga", NOW)[1]
    program, todo, done = browse(), ["/ogc"], set()
    while todo:
        path = todo.pop()
        if path in done:
            continue
        done.add(path)
        answer = program.get(f"{path}{'&' if '?' in path else '?'}key={secret}")
        assert answer.status_code == 200, path
        assert secret not in answer.text
        body = answer.json()
        nested = [link for one in body.get("collections", ()) for link in one["links"]]
        for link in [*body.get("links", ()), *nested]:
            assert link["href"].startswith(parts.settings.base_url)
            assert {"rel", "type", "href"} <= set(link)
            todo.append(link["href"].removeprefix(parts.settings.base_url))

    assert len(done) >= 9


def test_items_are_geojson_and_a_limit_above_the_greatest_is_cut(
    browse: Browse, alert: Alert
) -> None:
    answer = browse("analyst").get("/ogc/collections/alerts/items?limit=100000")

    assert answer.headers["content-type"] == "application/geo+json"
    (feature,) = json.loads(answer.content)["features"]
    assert shape(feature["geometry"]).equals_exact(alert.finding.geometry, 1e-6)


def test_one_feature_has_an_address_of_its_own(browse: Browse, alert: Alert) -> None:
    analyst = browse("analyst")

    found = analyst.get(f"/ogc/collections/alerts/items/{alert.event_id}").json()
    assert found["id"] == alert.event_id
    assert analyst.get("/ogc/collections/alerts/items/EW-none").status_code == 404
    assert analyst.get("/ogc/collections/people/items").status_code == 404
    assert analyst.get("/ogc/collections/aois/items/sd-test").json()["id"] == "sd-test"


def test_another_host_name_does_not_get_into_links(browse: Browse, parts: Parts) -> None:
    answer = browse("analyst").get("/ogc", headers={"host": "localhost"})

    assert "localhost" not in answer.text
