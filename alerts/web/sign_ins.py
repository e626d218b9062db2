"""Guessing is slowed down, without locking the true owner out (ALERTS, T15)."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Network, ip_address

from sqlalchemy import Engine, delete, func, insert, select

from alerts.keys import Keyring
from alerts.web.errors import TooManyTries
from alerts.web.tables import SIGN_INS
from aoi.database import reading, writing


@dataclass(frozen=True, slots=True)
class Limits:
    """How many failed tries are borne."""

    window: timedelta = timedelta(minutes=15)
    from_one_address: int = 20
    """On all accounts together."""

    on_one_account: int = 5
    """From one address."""

    on_one_account_anywhere: int = 50
    """From addresses that the account never signed in from; known ones stay open."""

    known_for: timedelta = timedelta(days=30)


class SignIns:
    """Counts tries by account and by address; keeps neither in clear."""

    def __init__(self, engine: Engine, keys: Keyring, limits: Limits | None = None) -> None:
        self._engine = engine
        self._key = keys.derived("sign-in")
        self._limits = limits or Limits()

    def require_patience(self, name: str, address: str, now: datetime) -> None:
        """Refuse a try that comes after too many.

        Raises
        ------
        TooManyTries
        """
        limits, since = self._limits, now - self._limits.window
        account, network = (
            self._digest("name", name.lower()),
            self._digest("at", network_of(address)),
        )
        of_account, of_network = (
            SIGN_INS.c.account_key == account,
            SIGN_INS.c.address_key == network,
        )
        failed = SIGN_INS.c.succeeded.is_(False)
        known_since = now - limits.known_for
        count = select(func.count()).select_from(SIGN_INS).where(failed, SIGN_INS.c.at > since)
        with reading(self._engine) as connection:
            here = connection.execute(count.where(of_network)).scalar_one()
            both = connection.execute(count.where(of_network, of_account)).scalar_one()
            anywhere = connection.execute(count.where(of_account)).scalar_one()
            known = connection.execute(
                select(SIGN_INS.c.n)
                .where(of_account, of_network, SIGN_INS.c.succeeded, SIGN_INS.c.at > known_since)
                .limit(1)
            ).first()
        flooded = anywhere >= limits.on_one_account_anywhere and known is None
        if here >= limits.from_one_address or both >= limits.on_one_account or flooded:
            minutes = int(limits.window.total_seconds() // 60)
            raise TooManyTries(
                "too many tries with a wrong name or password",
                hint=f"wait {minutes} minutes; an admin can set another password",
            )

    def note(self, name: str, address: str, now: datetime, *, succeeded: bool) -> None:
        """Keep how a try ended."""
        row = {
            "account_key": self._digest("name", name.lower()),
            "address_key": self._digest("at", network_of(address)),
            "at": now,
            "succeeded": succeeded,
        }
        too_old = SIGN_INS.c.at < now - self._limits.known_for
        with writing(self._engine) as connection:
            connection.execute(insert(SIGN_INS).values(**row))
            connection.execute(delete(SIGN_INS).where(too_old))

    def _digest(self, what: str, text: str) -> str:
        return hmac.new(self._key, f"{what}|{text}".encode(), hashlib.sha256).hexdigest()


def network_of(address: str) -> str:
    """Return whose address it is: an IPv6 host has a whole /64 to guess from."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:60]
    return str(parsed) if parsed.version == 4 else str(IPv6Network((int(parsed), 64), strict=False))
