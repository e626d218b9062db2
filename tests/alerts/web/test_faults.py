from __future__ import annotations

import pytest

from alerts.errors import BadToken, NotAllowed, NotCleared, StaleAlert, UnknownAlert
from alerts.web.errors import NotPermitted, SignInNeeded, TooLarge, TooManyTries
from alerts.web.faults import status_of
from alerts.web.parts import Parts
from aoi.errors import DatabaseUnavailable, InvalidAoi, ServiceError
from monitor.errors import ArchiveError
from tests.alerts.web.conftest import Browse


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SignInNeeded, 401), (NotPermitted, 403), (UnknownAlert, 404), (BadToken, 404),
        (NotCleared, 404), (NotAllowed, 409), (StaleAlert, 409), (TooLarge, 413),
        (InvalidAoi, 422), (TooManyTries, 429), (DatabaseUnavailable, 503), (ArchiveError, 500),
    ],
)  # fmt: skip
def test_each_error_has_its_status(error: type[ServiceError], status: int) -> None:
    assert status_of(error("what", "how")) == status


def test_a_database_that_does_not_answer_is_said_on_a_page(parts: Parts, browse: Browse) -> None:
    browser = browse("analyst")
    parts.database.dispose()  # the one in memory is gone with its connection

    answer = browser.get("/")

    assert answer.status_code == 503
    assert "The service cannot answer just now" in answer.text


def test_a_number_that_is_none_is_refused_in_words(browse: Browse) -> None:
    answer = browse("analyst").get("/?at=many")

    assert answer.status_code == 422
    assert "at: " in answer.text


def test_a_method_that_a_page_does_not_have_is_refused(browse: Browse) -> None:
    assert browse("analyst").client.put("/").status_code == 405


def test_what_is_asked_for_stays_text_in_the_answer(browse: Browse) -> None:
    answer = browse("analyst").get("/alerts/<script>alert(1)</script>")

    assert answer.status_code == 404
    assert "<script>alert" not in answer.text
