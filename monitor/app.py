"""Builds the service from its settings. The only place where parts meet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Engine as Database

from alerts.channels.email import Email, SmtpSettings
from alerts.channels.spool import Spool
from alerts.courier import Courier, CourierPolicy
from alerts.enrolment import Enrolment, EnrolmentPolicy
from alerts.formats.mail import MailSettings
from alerts.intake import Intake, IntakePolicy
from alerts.keys import Keyring
from alerts.letters import LetterWriter
from alerts.ports import Channel
from alerts.publisher import Publisher, PublisherPolicy
from alerts.review import ReviewDesk
from alerts.store import AlertStore
from alerts.subscription import SubscriptionPolicy
from aoi.database import open_database
from aoi.registry import AoiRegistry
from maps.renderer import FoliumRenderer
from monitor.archive import load_chip
from monitor.area_job import WatchSettings
from monitor.calibration import shipped_calibration
from monitor.config import Config
from monitor.detectors.burn import BurnSettings
from monitor.engine import engine_of
from monitor.master_key import master_key
from monitor.observation import Observation
from monitor.pipeline import Pipeline, PipelineSettings
from monitor.ports import Engine, HotspotSource, ImagerySource
from monitor.schema import upgrade
from monitor.service import Service
from monitor.sources.in_order import hotspots_in_order, imagery_in_order
from monitor.store import MonitorStore


def build_service(
    config: Config, now: Callable[[], datetime], engine: Engine | None = None
) -> Service:
    """Return the service on these settings; its `close` gives everything back.

    Raises
    ------
    DatabaseUnavailable, ConfigError
    """
    folder = config.service.data_folder
    folder.mkdir(parents=True, exist_ok=True)
    database = prepared_database(config.database_url)
    workers = engine or engine_of(config.engine.kind, config.engine.workers, config.engine.address)
    keys = Keyring(master_key(folder))
    registry, store = AoiRegistry(database), MonitorStore(database)
    renderer = FoliumRenderer(language=config.service.language)
    channel = channel_of(config)

    def close() -> None:
        workers.close()
        channel.close()
        database.dispose()

    return Service(
        config=config,
        database=database,
        registry=registry,
        store=store,
        alerts=AlertStore(database),
        pipeline=Pipeline(
            registry, store, workers, imagery_of(config), hotspots_of(config),
            pipeline_settings(config),
        ),
        intake=Intake(database, store, registry, intake_policy(config, keys)),
        desk=ReviewDesk(database),
        publisher=Publisher(database, keys, publisher_policy(config)),
        courier=Courier(
            database, {"email": channel},
            LetterWriter(renderer, partial(_chip, folder), keys, mail_settings(config)),
            keys, courier_policy(config),
        ),
        enrolment=Enrolment(database, registry, keys, enrolment_policy(config)),
        renderer=renderer,
        now=now,
        close=close,
    )  # fmt: skip


def build_replay(config: Config, out: Path, now: Callable[[], datetime]) -> Service:
    """Return a service on the same sources whose state and files are all below `out`."""
    service = config.service.model_copy(update={"data_folder": out})
    url = f"sqlite:///{out / 'replay.sqlite'}"
    database = config.database.model_copy(update={"url": url, "password": None})
    email = config.email.model_copy(update={"channel": "spool", "spool": out / "spool"})
    parts = {"service": service, "database": database, "email": email}
    return build_service(config.model_copy(update=parts), now)


def prepared_database(url: str) -> Database:
    """Return the database, its tables brought up to date.

    Raises
    ------
    DatabaseUnavailable
        If it cannot be used, or a newer program wrote it.
    """
    database = open_database(url)
    upgrade(database)
    return database


def imagery_of(config: Config) -> list[ImagerySource]:
    """Return the imagery sources by preference."""
    return imagery_in_order(config.sources, config.service.data_folder)


def hotspots_of(config: Config) -> list[HotspotSource]:
    """Return the hotspot sources by preference."""
    return hotspots_in_order(config.sources, config.service.data_folder)


def channel_of(config: Config) -> Channel:
    """Return what carries mails: a mail server, or a folder of files."""
    email = config.email
    if email.channel == "spool":
        return Spool(email.spool)
    return Email(
        SmtpSettings(
            host=email.host,
            port=email.port,
            security=email.security,
            username=email.username,
            password=email.password.get_secret_value() if email.password else "",
            timeout_s=email.timeout_s,
            final_timeout_s=email.final_timeout_s,
        )
    )


def pipeline_settings(config: Config) -> PipelineSettings:
    """Return what runs are made with."""
    burn = config.detection.burn
    return PipelineSettings(
        folder=config.service.data_folder,
        burn=BurnSettings(
            settlement_clear=burn.min_clear_fraction, ring_clear=burn.min_ring_clear_fraction
        ),
        calibration=shipped_calibration(),
        watch=WatchSettings(lookback=timedelta(days=config.sources.lookback_days)),
    )


def intake_policy(config: Config, keys: Keyring) -> IntakePolicy:
    """Return what belongs to one event."""
    return IntakePolicy(
        join_distance_m=config.alerts.join_distance_m,
        join_within=timedelta(days=config.alerts.join_within_days),
        reopen_within=timedelta(days=config.alerts.reopen_within_days),
        ref_key=keys.derived("ref"),
    )


def publisher_policy(config: Config) -> PublisherPolicy:
    """Return who hears of what."""
    return PublisherPolicy(
        analysts=config.email.analysts,
        cool_down=timedelta(days=config.alerts.cool_down_days),
        subscriptions=SubscriptionPolicy(max_messages_per_day=config.alerts.max_messages_per_day),
    )


def enrolment_policy(config: Config) -> EnrolmentPolicy:
    """Return who is told when people leave."""
    return EnrolmentPolicy(
        operators=config.alerts.operators, subscriptions=publisher_policy(config).subscriptions
    )


def courier_policy(config: Config) -> CourierPolicy:
    """Return how patiently messages are sent."""
    remote = config.email.host not in {"localhost", "127.0.0.1", "::1"}
    return CourierPolicy(
        # Longer than the server itself may think about the end of a message.
        settle=timedelta(seconds=config.email.final_timeout_s if remote else 60),
        on_unknown=config.alerts.on_unknown,
    )


def mail_settings(config: Config) -> MailSettings:
    """Return how mails are addressed."""
    return MailSettings(
        sender=config.email.sender,
        sender_name=config.email.sender_name,
        reply_to=config.email.reply_to,
        bounce_domain=config.email.bounce_domain,
        base_url=config.service.base_url.rstrip("/"),
        max_message_bytes=int(config.email.max_message_mb * 1e6),
    )


def _chip(folder: Path, path: str) -> Observation:
    return load_chip(folder / path)
