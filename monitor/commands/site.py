"""The web site, built from the service: constructor calls and no more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from fastapi import FastAPI

from alerts.corrections import Corrections
from alerts.feedback import FeedbackBox
from alerts.keys import Keyring
from alerts.queue import AlertQueue
from alerts.web.accounts import Accounts
from alerts.web.api_keys import ApiKeys
from alerts.web.expected import Rates
from alerts.web.parts import Parts, SiteSettings
from alerts.web.second_factors import SecondFactors
from alerts.web.sessions import SessionPolicy, Sessions
from alerts.web.sign_ins import SignIns
from alerts.web.site import site
from monitor.config import Config
from monitor.master_key import master_key
from monitor.service import Service


def site_of(service: Service, unwell: Callable[[], str]) -> FastAPI:
    """Return the site of a service.

    Parameters
    ----------
    service : Service
    unwell : callable
        Says in a sentence why the service is not ready; empty if it is.
    """
    return site(parts_of(service, unwell))


def parts_of(service: Service, unwell: Callable[[], str]) -> Parts:
    """Return what the site is made from."""
    database = service.database
    keys = site_keys(service.config)
    # Links in mails are signed with the master key, whatever signs cookies.
    master = Keyring(master_key(service.config.service.data_folder))
    return Parts(
        database=database,
        registry=service.registry,
        store=service.store,
        alerts=service.alerts,
        queue=AlertQueue(database),
        desk=service.desk,
        corrections=Corrections(database, ref_key=master.derived("ref")),
        enrolment=service.enrolment,
        endpoints=service.endpoints,
        feedback=FeedbackBox(database, master),
        pulled=service.pulled,
        accounts=Accounts(database),
        sessions=Sessions(database, session_policy(service.config)),
        sign_ins=SignIns(database, keys),
        second_factors=SecondFactors(database, master),
        api_keys=ApiKeys(database),
        renderer=service.renderer,
        keys=keys,
        settings=site_settings(service.config),
        now=service.now,
        unwell=unwell,
    )


def site_settings(config: Config) -> SiteSettings:
    """Return what pages need to know of the settings."""
    burn = config.detection.burn
    return SiteSettings(
        data_folder=config.service.data_folder,
        base_url=config.service.base_url.rstrip("/"),
        language=config.service.language,
        time_zone=config.service.timezone,
        hide_scores=config.web.hide_scores,
        factor_for=frozenset(config.web.second_factor_for),
        max_upload_bytes=int(config.web.max_upload_mb * 1_000_000),
        providers=tuple(config.sources.order),
        run_every=config.schedule.every,
        static_detections_per_year=config.detection.fires.static_detections_per_year,
        rates=Rates(burn.burns_per_village_year, burn.false_alarms_per_village_year),
    )


def session_policy(config: Config) -> SessionPolicy:
    """Return how long people stay signed in."""
    return SessionPolicy(
        idle=timedelta(minutes=config.web.idle_minutes),
        whole=timedelta(hours=config.web.session_hours),
    )


def site_keys(config: Config) -> Keyring:
    """Return what signs forms: ``[web] secret_key``, else the key of the data folder."""
    secret = config.web.secret_key
    if secret is not None:
        return Keyring(secret.get_secret_value().encode())
    return Keyring(master_key(config.service.data_folder))
