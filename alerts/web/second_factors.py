"""What people prove themselves with beside their password: a code, or a recovery code once."""

from __future__ import annotations

import secrets
from datetime import datetime

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, Engine, RowMapping, delete, func, insert, select, update

from alerts.keys import Keyring
from alerts.web.accounts import end_sessions
from alerts.web.errors import InvalidAccount, WrongCode
from alerts.web.sessions import digest_of
from alerts.web.tables import RECOVERY_CODES, SECOND_FACTORS
from alerts.web.totp import SECRET_BYTES, step_that_made
from alerts.web.trail import COMMAND_LINE, Deed, record
from aoi.database import reading, writing

logger = structlog.get_logger(__name__)

RECOVERY_COUNT = 10
# Without what is taken for one another (i l 1, o 0); 16 of 31 characters are 79 bits.
RECOVERY_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
RECOVERY_LENGTH = 16
GROUP = 4

MOST_WRONG = 100
"""Wrong codes in a row, over however long, until only a recovery code opens."""

NONCE_BYTES = 12


class SecondFactors:
    """Keeps, checks and takes away second factors.

    Parameters
    ----------
    engine : Engine
    keys : Keyring
        Of the data folder: secrets of codes are sealed with a key that is not in the database.
    """

    def __init__(self, engine: Engine, keys: Keyring) -> None:
        self._engine = engine
        self._cipher = AESGCM(keys.derived("second-factor"))

    def begin(self, name: str, now: datetime) -> bytes:
        """Return a new secret, which counts for nothing until its owner shows a code of it.

        Raises
        ------
        InvalidAccount
            If the person has a second factor: it is not replaced behind their back.
        """
        secret = secrets.token_bytes(SECRET_BYTES)
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret, name.encode())
        row = {"name": name, "secret": sealed, "made_at": now, "last_step": 0, "wrong": 0}
        with writing(self._engine) as connection:
            if self._confirmed(connection, name) is not None:
                raise InvalidAccount(
                    "you have a second factor", hint="turn it off first, with a code of it"
                )
            connection.execute(delete(SECOND_FACTORS).where(SECOND_FACTORS.c.name == name))
            connection.execute(insert(SECOND_FACTORS).values(**row))
        return secret

    def pending(self, name: str) -> bytes | None:
        """Return the secret of which no code was shown yet, None if there is none."""
        with reading(self._engine) as connection:
            row = _row(connection, name)
        return None if row is None or row["confirmed_at"] else self._opened(row)

    def confirm(self, name: str, code: str, now: datetime) -> list[str]:
        """Turn it on with a first code, and end every sign-in; return the recovery codes.

        Raises
        ------
        WrongCode
        """
        with writing(self._engine) as connection:
            row = _row(connection, name)
            if row is None or row["confirmed_at"]:
                raise WrongCode("no second factor waits for its first code", hint="begin again")
            step = step_that_made(self._opened(row), code, now, row["last_step"])
            if step is None:
                raise WrongCode(
                    "this is not the code of now", hint="see whether the telephone's clock is right"
                )
            _set(connection, name, confirmed_at=now, last_step=step, wrong=0)
            end_sessions(connection, name, now)
            record(connection, now, name, Deed.FACTOR_ON, name)
            made = _new_codes(connection, name)
        logger.info("second factor turned on")
        return made

    def check(self, name: str, code: str, now: datetime) -> None:
        """Take a code of now, or a recovery code; each is taken once.

        Raises
        ------
        WrongCode
            Also for a code that was taken before.
        """
        with writing(self._engine) as connection:
            row = self._confirmed(connection, name)
            right = row is not None and self._is_right(connection, row, code, now)
            if row is not None and not right:
                _set(connection, name, wrong=SECOND_FACTORS.c.wrong + 1)
        if not right:
            raise WrongCode(
                "the code is wrong, or was used before",
                hint="wait for the next one, or use a recovery code; an admin can start you afresh",
            )

    def renew_codes(self, name: str, now: datetime) -> list[str]:
        """Return new recovery codes; the ones before open nothing from now on."""
        with writing(self._engine) as connection:
            record(connection, now, name, Deed.RECOVERY_MADE, name)
            return _new_codes(connection, name)

    def codes_left(self, name: str) -> int:
        """Return how many recovery codes were not used yet."""
        query = (
            select(func.count())
            .select_from(RECOVERY_CODES)
            .where(RECOVERY_CODES.c.name == name, RECOVERY_CODES.c.used_at.is_(None))
        )
        with reading(self._engine) as connection:
            return connection.execute(query).scalar_one()

    def remove(self, name: str, now: datetime, by: str = COMMAND_LINE) -> bool:
        """Take a second factor away, and end every sign-in; return whether there was one.

        Parameters
        ----------
        by : str
            Its owner, or whoever helps a person who lost their telephone.
        """
        with writing(self._engine) as connection:
            row = _row(connection, name)
            if row is None:
                return False
            connection.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.name == name))
            connection.execute(delete(SECOND_FACTORS).where(SECOND_FACTORS.c.name == name))
            end_sessions(connection, name, now)
            deed = Deed.FACTOR_OFF if by == name else Deed.FACTOR_RESET
            record(connection, now, by, deed, name)
        logger.info("second factor taken away", by_owner=by == name)
        return True

    def _is_right(self, connection: Connection, row: RowMapping, code: str, now: datetime) -> bool:
        name = row["name"]
        step = step_that_made(self._opened(row), code, now, row["last_step"])
        if step is not None and row["wrong"] < MOST_WRONG:
            return _take_step(connection, name, step)
        used = connection.execute(
            update(RECOVERY_CODES)
            .where(RECOVERY_CODES.c.code_sha256 == digest_of(_plain(code)))
            .where(RECOVERY_CODES.c.name == name, RECOVERY_CODES.c.used_at.is_(None))
            .values(used_at=now)
        )
        if used.rowcount != 1:
            return False
        _set(connection, name, wrong=0)
        record(connection, now, name, Deed.RECOVERY_USED, name)
        return True

    def _confirmed(self, connection: Connection, name: str) -> RowMapping | None:
        row = _row(connection, name)
        return row if row is not None and row["confirmed_at"] else None

    def _opened(self, row: RowMapping) -> bytes:
        sealed = bytes(row["secret"])
        try:
            return self._cipher.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], row["name"].encode()
            )
        except InvalidTag as error:
            raise InvalidAccount(
                "the second factor was sealed with another key than this service has",
                hint="an admin can start you afresh: emberwatch user reset-factor NAME",
            ) from error


def _row(connection: Connection, name: str) -> RowMapping | None:
    query = select(SECOND_FACTORS).where(SECOND_FACTORS.c.name == name)
    return connection.execute(query).mappings().first()


def _set(connection: Connection, name: str, **values: object) -> None:
    connection.execute(update(SECOND_FACTORS).where(SECOND_FACTORS.c.name == name).values(**values))


def _take_step(connection: Connection, name: str, step: int) -> bool:
    """Return True unless another request took the same code first."""
    taken = connection.execute(
        update(SECOND_FACTORS)
        .where(SECOND_FACTORS.c.name == name, SECOND_FACTORS.c.last_step < step)
        .values(last_step=step, wrong=0)
    )
    return bool(taken.rowcount == 1)


def _new_codes(connection: Connection, name: str) -> list[str]:
    made = ["".join(secrets.choice(RECOVERY_ALPHABET) for _ in range(RECOVERY_LENGTH))
            for _ in range(RECOVERY_COUNT)]  # fmt: skip
    connection.execute(delete(RECOVERY_CODES).where(RECOVERY_CODES.c.name == name))
    connection.execute(
        insert(RECOVERY_CODES),
        # Random themselves: no slow digest is needed to keep them from being guessed.
        [{"code_sha256": digest_of(code), "name": name} for code in made],
    )
    return [grouped(code, "-") for code in made]


def grouped(code: str, between: str) -> str:
    """Return a secret in groups of four, as people copy it."""
    return between.join(code[at : at + GROUP] for at in range(0, len(code), GROUP))


def _plain(code: str) -> str:
    return "".join(code.lower().replace("-", " ").split())
