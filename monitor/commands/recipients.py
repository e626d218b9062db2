"""People who receive alerts, added from the command line."""

from __future__ import annotations

from alerts.keys import Keyring
from alerts.subscribers import person_id_of, put_person, put_profile
from alerts.subscription import Person, PersonState, Profile
from aoi.database import writing
from monitor.master_key import master_key
from monitor.service import Service


def subscribe(service: Service, address: str, aoi_id: str, clearance: str) -> None:
    """Add a person who wants every reviewed alert of an area, at once."""
    key = Keyring(master_key(service.config.service.data_folder)).derived("person")
    person_id = person_id_of("email", address, key)
    now = service.now()
    with writing(service.database) as connection:
        put_person(
            connection,
            Person(person_id, "email", address, PersonState.ACTIVE, clearance=clearance),
            now,
        )
        put_profile(
            connection,
            Profile(f"{person_id}-{aoi_id}"[:40], person_id, aoi_id, now, aois=(aoi_id,)),
        )
