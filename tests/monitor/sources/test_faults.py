"""The faults of providers from the command line: a person's view of docs/how-to/providers.md.

Two areas, of which one is struck. After each fault: status 3 and a reason, the ledger of the
struck area says why, the other area is done, no partial file lies about, and the next run that
is due makes up for it with status 0.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aoi.area import Aoi
from monitor.cli import main
from monitor.sources import stac_pages
from tests.builders import NOW, a_square, an_aoi, days_ago
from tests.catalogue import write_overpass
from tests.commandline import Said, call, write_features, write_settings
from tests.monitor.sources.catalogues import items_in, list_items
from tests.monitor.sources.rasters import write_band
from tests.monitor.sources.servers import Asked, Reply, Server, deaf, page, running, told

NEAR = an_aoi(aoi_id="near", name="Near", geometry=a_square(400))
FAR = an_aoi(aoi_id="far", name="Far", geometry=a_square(400, east_m=20_000))
DAY, TODAY = str(days_ago(2).date()), str(NOW.date())
SOON = NOW + timedelta(minutes=20)
TOMORROW = NOW + timedelta(days=1)

Answer = Reply | Callable[[Asked, Reply], Reply]


@pytest.fixture(scope="module")
def imagery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("imagery")
    for aoi in (NEAR, FAR):
        write_overpass(folder, days_ago(2), aoi=aoi, scene_id=f"S2B_{aoi.aoi_id}")
    return folder


@dataclass
class House:
    """A service on one catalogue, called as a person calls it."""

    folder: Path
    server: Server
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: object, now: datetime = NOW) -> Said:
        settings = ["--config", self.folder / "config.toml", "--now", now.isoformat()]
        return call(self.capsys, *words, *settings, "--json")

    def strike(self, where: str, answer: Answer) -> None:
        """Let every request for the struck area have this answer."""
        usual = self.server.reply

        def reply(asked: Asked) -> Reply:
            found = usual(asked)
            if not (self.is_search(asked) if where == "search" else self.is_file(asked)):
                return found
            return answer if isinstance(answer, Reply) else answer(asked, found)

        self.server.reply = reply  # type: ignore[method-assign]

    def mend(self) -> None:
        del self.server.reply
        stac_pages._LANDING.clear()

    @staticmethod
    def is_search(asked: Asked) -> bool:
        return asked.path == "/search" and asked.json()["bbox"][0] < FAR.geometry.bounds[0] - 0.05

    @staticmethod
    def is_file(asked: Asked) -> bool:
        return "S2B_near" in asked.path

    def ledger(self, now: datetime = NOW) -> dict[tuple[str, str], tuple[str, str]]:
        """Return state and reason of each area and day."""
        told = self("coverage", now=now).document["coverage"]
        return {(one["aoi_id"], one["day"]): (one["state"], one["reason"]) for one in told}

    def partial_files(self) -> list[Path]:
        return [path for path in self.folder.rglob("*") if ".part" in path.name]


@pytest.fixture(scope="module")
def known_areas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data folder that knows the areas, to be copied: making it takes longest."""
    folder = tmp_path_factory.mktemp("areas")
    shapes = [(one.geometry, {"id": one.aoi_id, "name": one.name}) for one in (NEAR, FAR)]
    areas = write_features(folder / "areas.geojson", *shapes)
    with pytest.raises(SystemExit) as ended:
        main(["aoi", "add", str(areas), "--config", str(write_settings(folder))])
    assert ended.value.code == 0
    return folder / "data"


@pytest.fixture
def house(
    imagery: Path, known_areas: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Iterator[House]:
    shutil.copytree(known_areas, tmp_path / "data")
    with running(imagery) as server:
        list_items(server, items_in(imagery, server.url))
        write_settings(
            tmp_path,
            '\n[sources]\norder = ["stac"]\n\n[sources.stac]\n'
            f'url = "{server.url}"\ntimeout_s = 2\ndeadline_s = 60\nretries = 0\n',
        )
        yield House(tmp_path, server, capsys)


def outcomes(said: Said) -> dict[str, str]:
    return {run["aoi_id"]: run["outcome"] for run in said.document["runs"]}


def reason_of(said: Said, aoi: Aoi) -> str:
    [reason] = [run["reason"] for run in said.document["runs"] if run["aoi_id"] == aoi.aoi_id]
    return str(reason)


def half(asked: Asked, usual: Reply) -> Reply:
    """Serve the file as if it ended half-way: cut short on the server."""
    whole = Path(asked.path).name
    return Reply(416, b"") if "bytes=0-" not in asked.range else _cut(usual, whole)


def _cut(usual: Reply, name: str) -> Reply:
    body = usual.body[:4_000]
    headers = {**usual.headers, "Content-Range": f"bytes 0-{len(body) - 1}/{len(body)}"}
    return Reply(206, body, headers)


def other_file(folder: Path, **profile: Any) -> Answer:
    """Serve another raster in place of each."""
    grid = NEAR.blocks.at(20)
    values = np.full(grid.shape, profile.pop("value", 2_000), np.uint16)
    content = write_band(folder / "other.tif", values, grid, **profile).read_bytes()

    def answer(asked: Asked, usual: Reply) -> Reply:
        first, last = (int(n) for n in asked.range.removeprefix("bytes=").split("-"))
        last = min(last, len(content) - 1)
        told = {"Content-Range": f"bytes {first}-{last}/{len(content)}", "ETag": '"other"'}
        return Reply(206, content[first : last + 1], told)

    return answer


def loop(asked: Asked, usual: Reply) -> Reply:
    """Add a next page that is this page."""
    found = json.loads(usual.body)
    host = asked.headers["host"]
    found["links"] = [{"rel": "next", "href": f"http://{host}/search?page=2"}]
    return told(found)


WAIT = {"seconds": "1", "a long time": "3600", "a date": "Fri, 31 Dec 2100 00:00:00 GMT"}
NO_HEADER: tuple[str, Answer, str] = ("429 without header", Reply(429), "429")
RESET: tuple[str, Answer, str] = ("reset", Reply(reset=True), "")
HANG: tuple[str, Answer, str] = (
    "hang before headers", Reply(silent_after=-1), "no answer for 2 s",
)  # fmt: skip
A_PAGE: tuple[str, Answer, str] = ("a web page with status 200", page(), "web page")

OF_A_SEARCH: list[tuple[str, Answer, str]] = [
    NO_HEADER, RESET, HANG, A_PAGE,
    ("503", Reply(503), "503"),
    ("pages in a circle", loop, "catalogue loop"),
    ("no JSON", Reply(200, b"ok"), "no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "words"), [pytest.param(*rest, id=id) for id, *rest in OF_A_SEARCH]
)
def test_a_search_that_fails(house: House, answer: Answer, words: str) -> None:
    house.strike("search", answer)

    said = house("run")

    assert said.status == 3
    assert outcomes(said) == {"near": "failed", "far": "completed"}
    assert words in reason_of(said, NEAR)
    ledger = house.ledger()
    state, reason = ledger["near", TODAY]
    assert state == "provider_down"
    assert words in reason
    assert ledger["far", DAY][0] == "seen"
    assert house.partial_files() == []
    house.mend()
    require_made_up_for(house, SOON)


UNAVAILABLE: list[tuple[str, Answer, str]] = [
    NO_HEADER, RESET, HANG, A_PAGE,
    *((f"429 and {k}", Reply(429, headers={"Retry-After": v}), "429") for k, v in WAIT.items()),
    *((str(status), Reply(status), str(status)) for status in (500, 502, 503, 504)),
    ("hang in the body", Reply(200, b"{" * 99, silent_after=9), "no answer for 2 s"),
]  # fmt: skip
REFUSED: list[tuple[str, Answer, str]] = [
    ("403", Reply(403), "access refused"),
    ("gone", Reply(404, b"no such file"), "not there"),
    ("cut short", half, "cut short"),
    ("a redirect to a login", Reply(302, headers={"Location": "/login"}), "elsewhere"),
]
OF_A_FILE = [(*fault, True) for fault in UNAVAILABLE] + [(*fault, False) for fault in REFUSED]


@pytest.mark.parametrize(
    ("answer", "words", "temporary"), [pytest.param(*rest, id=id) for id, *rest in OF_A_FILE]
)
def test_a_file_that_cannot_be_had(
    house: House, answer: Answer, words: str, temporary: bool
) -> None:
    house.strike("file", answer)

    said = house("run")

    require_unread(house, said, words)
    house.mend()
    require_made_up_for(house, SOON if temporary else TOMORROW)


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        pytest.param({"crs": None}, "does not say where", id="no reference system"),
        pytest.param({"crs": "EPSG:32610"}, "outside the geometry", id="wrong reference system"),
        pytest.param({"dtype": "complex64"}, "no band of plain numbers", id="wrong numbers"),
    ],
)
def test_a_file_that_is_another(
    house: House, tmp_path: Path, profile: dict[str, Any], words: str
) -> None:
    house.strike("file", other_file(tmp_path, **profile))

    require_unread(house, house("run"), words)
    house.mend()
    require_made_up_for(house, TOMORROW)


def test_a_scene_without_a_measured_pixel_is_no_clear_look(house: House, tmp_path: Path) -> None:
    house.strike("file", other_file(tmp_path, value=0, nodata=0))

    said = house("run")

    assert said.status == 3
    assert outcomes(said) == {"near": "too_cloudy", "far": "completed"}
    state, reason = house.ledger()["near", DAY]
    assert state == "cloudy"
    assert "0% of the area was clear" in reason


def test_a_provider_that_is_not_there_at_all(house: House) -> None:
    settings = (house.folder / "config.toml").read_text()
    with deaf() as nowhere:
        struck = settings.replace(house.server.url, nowhere)
        (house.folder / "config.toml").write_text(struck)
        said = house("run")
    (house.folder / "config.toml").write_text(settings)

    assert said.status == 3
    assert outcomes(said) == {"near": "failed", "far": "failed"}
    assert "no connection within 2 s" in reason_of(said, NEAR)
    again = house("run", now=SOON)
    assert (again.status, outcomes(again)) == (0, {"near": "completed", "far": "completed"})


def test_who_has_no_network_is_told_in_two_lines_where_to_look(house: House) -> None:
    settings = house.folder / "config.toml"
    with deaf() as nowhere:
        url, retries = f'"{nowhere}"', "retries = 2"
        text = settings.read_text().replace(f'"{house.server.url}"', url)
        settings.write_text(
            text.replace("retries = 0", retries).replace("timeout_s = 2", "timeout_s = 0.2")
        )
        said = call(house.capsys, "run", "--config", settings, "--now", NOW.isoformat())

    assert said.status == 3
    assert "no connection within" in " ".join(said.out.split())
    notes = [line for line in said.err.splitlines() if not line.startswith("{")]
    assert notes[0] == "2 of 2 areas could not be seen"
    assert "emberwatch doctor" in notes[1]
    assert len(notes) == 2
    assert "retry" not in said.err


def require_unread(house: House, said: Said, words: str) -> None:
    assert said.status == 3
    assert outcomes(said) == {"near": "failed", "far": "completed"}
    assert "1 scene could not be read" in reason_of(said, NEAR)
    ledger = house.ledger()
    state, reason = ledger["near", DAY]
    assert state == "error"
    assert words in reason
    assert ledger["far", DAY][0] == "seen"
    assert house.partial_files() == []


def require_made_up_for(house: House, at: datetime) -> None:
    again = house("run", now=at)
    assert again.status == 0
    assert outcomes(again)["near"] == "completed"
    assert house.ledger(at)["near", DAY][0] == "seen"
