from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.web.drafts import KEPT, Draft, Drafts
from alerts.web.errors import DraftGone
from tests.builders import NOW

DRAFT = Draft("amina", "areas", '{"type": "FeatureCollection"}', ("repaired",), repaired=True)


@pytest.fixture
def drafts(tmp_path: Path) -> Drafts:
    return Drafts(tmp_path)


def test_a_draft_comes_back_as_it_was(drafts: Drafts) -> None:
    assert drafts.get(drafts.put(DRAFT, NOW), "amina", "areas", NOW) == DRAFT


@pytest.mark.parametrize(
    ("name", "subject", "later"),
    [
        pytest.param("ben", "areas", timedelta(0), id="another's"),
        pytest.param("amina", "settlements of a", timedelta(0), id="for something else"),
        pytest.param("amina", "areas", KEPT + timedelta(seconds=1), id="too old"),
    ],
)
def test_a_draft_is_its_makers_for_its_purpose_and_for_a_day(
    drafts: Drafts, name: str, subject: str, later: timedelta
) -> None:
    token = drafts.put(DRAFT, NOW)

    with pytest.raises(DraftGone):
        drafts.get(token, name, subject, NOW + later)


@pytest.mark.parametrize("token", ["", "../secrets/master", "0" * 31, "G" * 32, "0" * 32 + "\n"])
def test_a_token_is_no_path(drafts: Drafts, token: str) -> None:
    with pytest.raises(DraftGone):
        drafts.get(token, "amina", "areas", NOW)


def test_drafts_that_nobody_saved_are_forgotten(drafts: Drafts, tmp_path: Path) -> None:
    old = tmp_path / "drafts" / f"{drafts.put(DRAFT, NOW)}.json"
    os.utime(old, (0, 0))

    drafts.put(DRAFT, NOW)

    assert not old.exists()
