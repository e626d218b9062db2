"""Every page in every language: what stands on it in English too must be a name or a number."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from sqlalchemy import insert

from alerts.alert import Alert
from alerts.web.parts import Parts
from alerts.web.site import routes
from alerts.web.speech import NAMES
from aoi.database import writing
from monitor.rows import run_row
from monitor.run import Outcome, Run
from monitor.tables import COVERAGE_DAYS, RUNS
from tests.alerts.conftest import House
from tests.alerts.web.browsers import NOW, PASSWORD, Browser
from tests.alerts.web.conftest import Browse
from tests.alerts.web.pages.test_alert import archive_looks
from tests.builders import some_evidence

SHOWN = ("title", "aria-label", "alt", "placeholder")
"""Attributes that a person reads or hears."""

SAME = re.compile(
    # Names of this house, of languages, keys, formats, encodings and fields of files.
    r"Emberwatch|Test village|Test area|Amina|amina|Ben|ben|olga|Villages|Shagra|f{20}|gis"
    r"|sd-\S+|fire-\S+|look-\S+|finding-\S+|EPSG:\d+|\S+@\S+|burn/\d|TLP:\S+|webhook"
    r"|English|Français|Enter|CSV|GeoJSON|CAP 1\.2|utf-8|iso-8859-\S+|cp12\S+|latin\S*|name\b\S*"
    r"|NOM_VILLAGE|structures\S*|NB_CASES|id, name.*"
    r"|sentinel-2\S*|S2A?|NBR|UTC|km²?|ha|HTTP 503|emberwatch user add NAME --role admin",
)
WORD = re.compile(r"[a-z]{3,}")

# The same word in both languages.
FRENCH = {"Verdict", "Organisation", "public", "camp", "camps", "village", "radar"}


class Texts(HTMLParser):
    """Collects what a person reads on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        self.found |= {" ".join(value.split()) for name, value in attrs if name in SHOWN and value}

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.found.add(" ".join(data.split()))


def texts_of(browser: Browser, path: str, language: str) -> set[str]:
    browser.client.cookies.set("emberwatch-language", language)
    answer = browser.get(path)
    assert answer.status_code == 200, path
    texts = Texts()
    texts.feed(answer.text)
    return texts.found


def english_left(english: set[str], other: set[str]) -> set[str]:
    return {text for text in english & other if WORD.search(SAME.sub("", text))}


@pytest.fixture
def lived_in(house: House, parts: Parts) -> Alert:
    """A house in which everything happened once that leaves a sentence behind."""
    archive_looks(parts, 22, 12, 7, 2)
    house.subscribe("reader@ngo.example")
    evidence = replace(
        some_evidence(),
        confounders=(
            "accidental fire: looks the same from space, cannot be told apart",
            "cloud shadow: possible, only one look shows it",
        ),
    )
    alert = house.opened(evidence=(evidence,))
    house.desk.confirm(alert.event_id, "Amina", NOW, note="")
    house.publish()
    second = (timedelta(hours=n) for n in range(9))
    outcomes = {
        Outcome.COMPLETED: "1 new look, 97% of the area clear in the best",
        Outcome.NO_IMAGERY: "nothing new since the acquisition of 2024-05-18",
        Outcome.TOO_CLOUDY: "2 new looks, 3% of the area clear in the best",
        Outcome.FAILED: "S2 did not answer: HTTP 503",
    }
    runs = [
        run_row(Run(f"run-{outcome}", "sd-test", NOW - next(second), NOW, outcome, reason,
                    (), (), (), None))
        for outcome, reason in outcomes.items()
    ]  # fmt: skip
    reasons = {
        "seen": "83% of the area was clear to sentinel-2a",
        "cloudy": "3% of the area was clear to sentinel-2b",
        "no_acquisition": "no scene was listed for this day",
        "held": "held back: suspect radiometry: the offset was subtracted, but 91% of clear land "
        "pixels show that it had been subtracted before",
    }
    days = [
        {"aoi_id": "sd-test", "day": (NOW - timedelta(days=age)).date(), "state": state,
         "clear_fraction": 0.5, "reason": reason}
        for age, (state, reason) in enumerate(reasons.items())
    ]  # fmt: skip
    with writing(parts.database) as connection:
        connection.execute(insert(RUNS), runs)
        connection.execute(insert(COVERAGE_DAYS), days)
    parts.registry.pause("sd-test", NOW, "olga")
    parts.api_keys.make("gis", "partner-full", "olga", NOW)
    parts.accounts.add("ben", "analyst", PASSWORD, NOW, by="olga")
    return alert


def pages(alert: Alert, person_id: str) -> list[str]:
    """Return the address of every page that a person reads."""
    known = {"{event_id}": alert.event_id, "{aoi_id}": "sd-test", "{person_id}": person_id}
    found = ["/?view=all", "/aois?view=archived"]
    for route in routes():
        path = route.path
        for name, value in known.items():
            path = path.replace(name, value)
        is_page = "GET" in (route.methods or ()) and "." not in path.rpartition("/")[2]
        for_machines = path.startswith(("/api", "/ogc", "/metrics", "/healthz", "/readyz"))
        if is_page and "{" not in path and not for_machines and "/map" not in path:
            found.append(path)
    return found


@pytest.mark.parametrize("language", [one for one in NAMES if one != "en"])
def test_no_page_leaves_a_sentence_in_english(
    language: str, lived_in: Alert, parts: Parts, browse: Browse
) -> None:
    browser, left = browse("admin", name="olga"), {}
    person = parts.enrolment.people()[0][0].person_id

    for path in pages(lived_in, person):
        english = texts_of(browser, path, "en")
        same = english_left(english, texts_of(browser, path, language))
        same -= FRENCH if language == "fr" else set()
        if same:
            left[path] = sorted(same)

    assert left == {}


def test_the_walk_finds_a_sentence_that_was_left(lived_in: Alert, browse: Browse) -> None:
    english = texts_of(browse("admin", name="olga"), "/coverage", "en")

    assert "no scene was listed for this day" in english
    assert english_left(english, {"no scene was listed for this day", "Test area"}) == {
        "no scene was listed for this day"
    }
