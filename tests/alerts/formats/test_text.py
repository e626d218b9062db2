from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from alerts.alert import Status
from alerts.disclosure import AUDIENCES, Disclosure, Tlp
from alerts.formats.text import (
    PREVIEW_LENGTH,
    Letter,
    Links,
    paragraphs_of,
    preview_of,
    subject_of,
    text_of,
    what_line,
    where_lines,
)
from alerts.words import Speech
from monitor.finding import FindingKind
from tests.alerts.test_alert import an_alert
from tests.alerts.test_disclosure import crowded
from tests.builders import NOW, a_finding, days_ago

SPEECH = Speech()


def a_letter(audience: str = "partner-full", **changes: object) -> Letter:
    alert = an_alert(status=Status.CONFIRMED, finding=a_finding())
    shown = Disclosure.for_(alert, AUDIENCES[audience], crowded)
    letter = Letter(shown, "first", Status.CONFIRMED, ("Villages",), 1, None, Links())
    return replace(letter, **changes)  # type: ignore[arg-type]  # by keyword


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        pytest.param({}, "[TLP:AMBER] Burned settlement, K7QF", id="first, confirmed"),
        pytest.param(
            {"first_status": Status.PROVISIONAL},
            "[TLP:AMBER] Possible burned settlement, K7QF",
            id="a lane that began unreviewed keeps its label",
        ),
        pytest.param(
            {"reason": "retracted"},
            "[TLP:AMBER] RETRACTED: Burned settlement, K7QF",
            id="a retraction changes it on purpose",
        ),
        pytest.param({"test": True}, "TEST - [TLP:AMBER] Burned settlement, K7QF", id="dry run"),
    ],
)
def test_a_subject_tells_label_and_reference(changes: dict[str, Any], subject: str) -> None:
    assert subject_of(a_letter(**changes), SPEECH) == subject


def test_a_strict_subject_tells_the_reference_alone() -> None:
    letter = a_letter()
    strict = replace(letter, disclosure=replace(letter.disclosure, tlp=Tlp.AMBER_STRICT))

    assert subject_of(strict, SPEECH) == "[TLP:AMBER+STRICT] K7QF"


@pytest.mark.parametrize("audience", ["partner", "partner-full"])
def test_the_first_200_characters_hold_nothing_of_the_place(audience: str) -> None:
    letter = a_letter(audience)
    start = text_of(letter, SPEECH)[:PREVIEW_LENGTH]

    assert start.startswith("TLP:AMBER\n")
    assert "CONFIRMED by an analyst" in start and "K7QF" in start
    for telling in ("Shagra", "27.", "13.", "%", "May", "ha"):
        assert telling not in start.replace("have", "").replace("whole", "").replace("that", "")
    assert preview_of(letter, SPEECH) in text_of(letter, SPEECH)


def test_everything_is_said_in_its_order_without_pictures() -> None:
    roles = [part.role for part in paragraphs_of(a_letter(), SPEECH)]

    assert roles == [
        "status", "what", "when", "where", "sure", "else", "changed", "why", "links",
    ]  # fmt: skip


def test_the_text_is_small_and_its_lines_are_short() -> None:
    text = text_of(a_letter(), SPEECH)

    assert len(text.encode()) <= 6_000
    assert max(len(line) for line in text.splitlines()) <= 78


def test_words_say_what_was_seen_and_never_who_or_why() -> None:
    text = " ".join(text_of(a_letter(), SPEECH).split()).lower()

    assert "burn signature over 25% of the mapped settlement, 4.0 ha" in text
    for accusing in ("attack", "militia", "arson", "set fire", "destroyed by"):
        assert accusing not in text


@pytest.mark.parametrize(
    ("audience", "line"),
    [
        (
            "partner-full",
            "Shagra, at 13.65860, 27.36986 (latitude, longitude). Area: Test area.",
        ),
        (
            "partner",
            "In the cell 13.65 to 13.66 N, 27.36 to 27.37 E, about 1.11 km wide. "
            "The exact place is withheld.",
        ),
    ],
)
def test_the_place_is_told_as_precisely_as_the_reader_may_know(audience: str, line: str) -> None:
    assert where_lines(a_letter(audience).disclosure, SPEECH) == (line,)


def test_a_south_western_cell_keeps_its_signs() -> None:
    letter = a_letter("partner")
    moved = an_alert(
        place=replace(an_alert().place, footprint=None),
        finding=a_finding(geometry=a_finding().geometry.envelope),
    )
    shown = Disclosure.for_(moved, AUDIENCES["partner"], crowded)

    assert letter.disclosure.bounds == shown.bounds


def test_a_retraction_says_what_to_do_and_shows_no_evidence() -> None:
    letter = a_letter(reason="retracted")
    shown = replace(
        letter.disclosure, status=Status.RETRACTED, review_reason="unsafe", note="two km off"
    )
    parts = paragraphs_of(replace(letter, disclosure=shown), SPEECH)

    assert [part.role for part in parts] == ["status", "retraction", "where", "why", "links"]
    assert parts[1].lines == (
        "It is not safe to have this report. Delete it and what came with it.",
        "two km off",
        "Delete the earlier message, map and files.",
    )


def test_a_reader_can_tell_that_a_message_is_missing() -> None:
    first, later = a_letter(), a_letter(number=17, last=(16, days_ago(3)))

    assert "Message 1 to you, the first." in text_of(first, SPEECH)
    assert "Message 17 to you; the last was 16 on 17 May 2024." in text_of(later, SPEECH)


@pytest.mark.parametrize("kind", list(FindingKind))
@pytest.mark.parametrize("status", list(Status))
def test_every_kind_and_status_can_be_told(kind: FindingKind, status: Status) -> None:
    faults: list[str] = []
    alert = an_alert(
        status=status, finding=a_finding(kind=kind), review_reason="false", opened_at=NOW
    )
    shown = Disclosure.for_(alert, AUDIENCES["desk"])

    for reason in ("first", "escalated", "confirmed", "updated", "repeat", "notice", "retracted"):
        letter = Letter(shown, reason, status, ("A",), 1, None, Links(open="https://x/y"))
        assert text_of(letter, Speech(report=faults.append))
    assert faults == []


def test_heat_at_a_village_is_told_without_a_share() -> None:
    shown = replace(a_letter().disclosure, kind=FindingKind.HOTSPOTS, fraction=None)

    assert what_line(shown, SPEECH) == (
        "Active fires were detected from space at the mapped settlement."
    )
    assert what_line(replace(shown, place=None), SPEECH) == "Active fires were detected from space."
