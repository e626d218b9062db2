from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from alerts.keys import Keyring
from alerts.web.accounts import Accounts
from alerts.web.errors import InvalidAccount, WrongCode
from alerts.web.parts import Parts
from alerts.web.second_factors import MOST_WRONG, RECOVERY_COUNT, SecondFactors
from alerts.web.sessions import Sessions
from alerts.web.tables import RECOVERY_CODES, SECOND_FACTORS
from alerts.web.totp import code_at, step_of
from alerts.web.trail import trail
from aoi.database import reading
from tests.alerts.web.browsers import NOW, add_person

LATER = NOW + timedelta(minutes=10)


@pytest.fixture
def factors(parts: Parts) -> SecondFactors:
    add_person(parts, "amina", "analyst")
    return parts.second_factors


def enrolled(factors: SecondFactors) -> tuple[bytes, list[str]]:
    """Turn Amina's on at noon; return the secret and the recovery codes."""
    secret = factors.begin("amina", NOW)
    return secret, factors.confirm("amina", code_of(secret, NOW), NOW)


def code_of(secret: bytes, at: datetime) -> str:
    return code_at(secret, step_of(at))


def opens(factors: SecondFactors, code: str, at: datetime = LATER) -> bool:
    try:
        factors.check("amina", code, at)
    except WrongCode:
        return False
    return True


def test_until_a_first_code_was_shown_it_counts_for_nothing(
    factors: SecondFactors, parts: Parts
) -> None:
    secret = factors.begin("amina", NOW)

    assert factors.pending("amina") == secret
    assert not parts.accounts.account("amina").second_factor
    assert not opens(factors, code_of(secret, LATER))


def test_a_wrong_first_code_turns_nothing_on(factors: SecondFactors, parts: Parts) -> None:
    secret = factors.begin("amina", NOW)
    wrong = f"{(int(code_of(secret, NOW)) + 1) % 10**6:06d}"

    with pytest.raises(WrongCode, match="not the code of now"):
        factors.confirm("amina", wrong, NOW)

    assert not parts.accounts.account("amina").second_factor


def test_a_code_opens_once(factors: SecondFactors) -> None:
    secret, _ = enrolled(factors)

    assert opens(factors, code_of(secret, LATER))
    assert not opens(factors, code_of(secret, LATER))
    assert opens(factors, code_of(secret, LATER + timedelta(seconds=30)))


def test_the_code_that_turned_it_on_does_not_open(factors: SecondFactors) -> None:
    secret, _ = enrolled(factors)

    assert not opens(factors, code_of(secret, NOW), NOW)


def test_each_recovery_code_opens_once(factors: SecondFactors) -> None:
    _, codes = enrolled(factors)

    assert len(set(codes)) == RECOVERY_COUNT
    assert opens(factors, codes[0])
    assert not opens(factors, codes[0])
    assert opens(factors, codes[1].upper().replace("-", " "))
    assert factors.codes_left("amina") == RECOVERY_COUNT - 2


def test_new_recovery_codes_end_the_ones_before(factors: SecondFactors) -> None:
    _, codes = enrolled(factors)

    fresh = factors.renew_codes("amina", NOW)

    assert not opens(factors, codes[0])
    assert opens(factors, fresh[0])


def test_codes_of_one_person_do_not_open_for_another(factors: SecondFactors, parts: Parts) -> None:
    secret, codes = enrolled(factors)
    add_person(parts, "ben", "analyst")
    factors.confirm("ben", code_of(factors.begin("ben", NOW), NOW), NOW)

    for code in (code_of(secret, LATER), codes[0]):
        with pytest.raises(WrongCode):
            factors.check("ben", code, LATER)


def test_neither_secret_nor_codes_stand_in_the_database(db: Engine, factors: SecondFactors) -> None:
    secret, codes = enrolled(factors)

    with reading(db) as connection:
        sealed = connection.execute(select(SECOND_FACTORS.c.secret)).scalar_one()
        kept = str(connection.execute(select(RECOVERY_CODES)).all())

    assert secret not in sealed
    assert not any(code in kept or code.replace("-", "") in kept for code in codes)


def test_a_row_put_under_another_name_opens_nothing(db: Engine, factors: SecondFactors) -> None:
    secret, _ = enrolled(factors)
    strange = SecondFactors(db, Keyring(b"x" * 32))

    with pytest.raises(InvalidAccount, match="sealed with another key"):
        strange.check("amina", code_of(secret, LATER), LATER)


def test_turning_it_on_and_taking_it_off_end_the_sign_ins_before(
    factors: SecondFactors, parts: Parts
) -> None:
    before = parts.sessions.open("amina", NOW)
    enrolled(factors)
    between = parts.sessions.open("amina", NOW)

    assert parts.sessions.visit(before, NOW) is None
    assert parts.sessions.visit(between, NOW) is not None
    assert factors.remove("amina", NOW, by="olga")
    assert parts.sessions.visit(between, NOW) is None
    assert not parts.accounts.account("amina").second_factor
    assert not factors.remove("amina", NOW, by="olga")


def test_it_is_not_replaced_behind_the_back_of_its_owner(factors: SecondFactors) -> None:
    secret, _ = enrolled(factors)

    with pytest.raises(InvalidAccount, match="you have a second factor"):
        factors.begin("amina", LATER)

    assert opens(factors, code_of(secret, LATER))


def test_another_password_leaves_it_as_it_is(factors: SecondFactors, parts: Parts) -> None:
    enrolled(factors)

    changed = parts.accounts.reset("amina", "nine loud geese march", NOW)

    assert changed.second_factor


def test_after_a_hundred_wrong_codes_only_a_recovery_code_opens(factors: SecondFactors) -> None:
    secret, codes = enrolled(factors)
    for _ in range(MOST_WRONG):
        assert not opens(factors, "not a code")

    assert not opens(factors, code_of(secret, LATER))
    assert opens(factors, codes[0])
    assert opens(factors, code_of(secret, LATER))


def test_the_record_says_who_did_it_and_no_secret(db: Engine, factors: SecondFactors) -> None:
    _, codes = enrolled(factors)
    factors.check("amina", codes[0], LATER)
    factors.remove("amina", LATER, by="olga")

    lines = [(line.actor, str(line.deed), line.subject, line.detail) for line in trail(db)]

    assert lines == [
        ("olga", "factor_reset", "amina", ""),
        ("amina", "recovery_used", "amina", ""),
        ("amina", "factor_on", "amina", ""),
    ]


def test_who_waits_for_their_code_is_not_signed_in(factors: SecondFactors, db: Engine) -> None:
    sessions = Sessions(db)

    half = sessions.open("amina", NOW, awaits_code=True)

    assert sessions.visit(half, NOW) is None
    assert sessions.of("amina", NOW) == []
    assert sessions.awaiting_code(half, NOW + timedelta(minutes=4)) == "amina"
    assert sessions.awaiting_code(half, NOW + timedelta(minutes=5)) == ""
    assert sessions.awaiting_code(sessions.open("amina", NOW), NOW) == ""


def test_a_removed_person_waits_for_no_code(factors: SecondFactors, db: Engine) -> None:
    half = Sessions(db).open("amina", NOW, awaits_code=True)

    Accounts(db).remove("amina", NOW)

    assert Sessions(db).awaiting_code(half, NOW) == ""
