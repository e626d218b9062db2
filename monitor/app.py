"""Builds the service from its settings. The only place where parts meet."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import Engine as Database

from alerts.aftermath import Aftermath
from alerts.alert import Alert
from alerts.blindness import Blindness
from alerts.channels.guard import Guard
from alerts.digests import Digests
from alerts.endpoints import Endpoints
from alerts.enrolment import Enrolment
from alerts.evidence.room import EvidenceRoom
from alerts.evidence.seal import Seal
from alerts.generation import Generations, generation_path_of
from alerts.held_looks import HeldLooks
from alerts.intake import Intake
from alerts.journal import Journal, keep_journal
from alerts.keys import Keyring
from alerts.letterbox import Letterbox
from alerts.pager import Pager
from alerts.ports import AlertPicture, Channel, Exhibitor
from alerts.publisher import Publisher
from alerts.pulled import Pulled
from alerts.recipient_keys import RecipientKeys
from alerts.reconciler import Reconciler
from alerts.restoring import Restorer
from alerts.review import ReviewDesk
from alerts.store import AlertStore
from alerts.web.drawings import desk_picture
from alerts.words import Speech
from aoi.database import open_database
from aoi.registry import AoiRegistry
from maps.renderer import FoliumRenderer
from monitor.area_job import WatchSettings
from monitor.camps.settings import CampSettings
from monitor.config import Config
from monitor.detectors.burn import BurnSettings
from monitor.detectors.fires import FireSettings
from monitor.detectors.heat_sources import HeatSettings
from monitor.detectors.sar_stack import SarSettings
from monitor.engine import engine_of
from monitor.file_systems import require_lasting
from monitor.fire_watch import FireWatch, FireWatchSettings
from monitor.fusion import FusionSettings
from monitor.fusion_file import NAME as FUSION_FILE
from monitor.fusion_file import with_fitted
from monitor.master_key import master_key
from monitor.persistence import PersistenceSettings
from monitor.pipeline import Pipeline, PipelineSettings
from monitor.policies import (
    aftermath_policy,
    blindness_policy,
    digest_policy,
    enrolment_policy,
    intake_policy,
    publisher_policy,
    review_policy,
    subscription_policy,
)
from monitor.ports import Engine, HotspotSource, ImagerySource
from monitor.post import channels_of, courier_of, inbound_of, retention_of, writer_of
from monitor.schema import upgrade
from monitor.service import Service
from monitor.sources.in_order import hotspots_in_order, imagery_in_order
from monitor.store import MonitorStore
from monitor.thresholds import CampSection
from monitor.upkeep import NAME as CALIBRATION_FILE
from monitor.upkeep import calibration_in

Sources = tuple[Sequence[ImagerySource], Sequence[HotspotSource]]


def build_service(
    config: Config,
    now: Callable[[], datetime],
    engine: Engine | None = None,
    sources: Sources | None = None,
) -> Service:
    """Return the service on these settings; its `close` gives everything back.

    Parameters
    ----------
    config : Config
    now : callable
        The clock.
    engine : Engine, optional
        Where jobs run; else what ``[engine]`` says.
    sources : Sources, optional
        Where imagery comes from; else what ``[sources]`` says.

    Raises
    ------
    DatabaseUnavailable, ConfigError
    """
    keys, database = _opened(config)
    generations, restorer = second_book_of(config, database, keys)
    workers = engine or engine_of(config.engine.kind, config.engine.workers, config.engine.address)
    registry, store = AoiRegistry(database), MonitorStore(database)
    imagery, hotspots = sources or sources_of(config)
    renderer = FoliumRenderer(language=config.service.language)
    recipient_keys = RecipientKeys(config.service.data_folder / "keys" / "recipients")
    writer = writer_of(config, database, keys, renderer, recipient_keys, now)
    enrolment = Enrolment(database, registry, keys, enrolment_policy(config))
    guard = Guard(config.webhooks.allow_private_addresses, own_hosts=(_own_host(config),))
    endpoints = Endpoints(database, enrolment, keys, guard)
    channels = channels_of(config, endpoints, guard, now)
    return Service(
        config=config,
        database=database,
        registry=registry,
        store=store,
        alerts=AlertStore(database),
        pipeline=Pipeline(registry, store, workers, imagery, hotspots, pipeline_settings(config)),
        fire_watch=FireWatch(registry, store, hotspots, fire_watch_settings(config)),
        intake=Intake(database, store, registry, intake_policy(config, keys)),
        aftermath=Aftermath(database, store, aftermath_policy(config)),
        blindness=Blindness(database, store, registry, blindness_policy(config, keys)),
        held_looks=HeldLooks(database, store),
        desk=ReviewDesk(database, review_policy(config)),
        publisher=Publisher(database, keys, publisher_policy(config)),
        digests=Digests(database, store, registry, keys, writer.shown, digest_policy(config)),
        courier=courier_of(config, database, channels, writer, keys, generations),
        restorer=restorer,
        inbound=inbound_of(config, database, keys, enrolment),
        reconciler=Reconciler(database, publisher_policy(config).subscriptions),
        retention=retention_of(config, database),
        pager=Pager(database, keys, config.alerts.operators),
        letterbox=Letterbox(database),
        recipient_keys=recipient_keys,
        evidence=evidence_of(config, database, store, keys, renderer),
        pulled=Pulled(database, keys, writer, subscription_policy(config)),
        enrolment=enrolment,
        endpoints=endpoints,
        channels=channels,
        renderer=renderer,
        now=now,
        close=partial(_close, workers, channels, database),
    )


def _opened(config: Config) -> tuple[Keyring, Database]:
    """Return the secrets and the database of a data folder, each made if it is not there."""
    keys = Keyring(master_key(data_folder_of(config)))
    return keys, prepared_database(config.database_url)


def second_book_of(
    config: Config, database: Database, keys: Keyring
) -> tuple[Generations | None, Restorer | None]:
    """Keep a journal outside the database; return what knows and mends one that was put back.

    A database in memory is never put back.
    """
    journal = Journal(config.journal_folder, keys, keeps_people=config.backup.journal_people)
    keep_journal(database, journal)
    path = generation_path_of(database, config.service.data_folder)
    if path is None:
        return None, None
    generations = Generations(database, path)
    asks = config.email.channel == "smtp" and config.email.sent_copies is not None
    return generations, Restorer(database, generations, journal, copies_kept=asks)


def data_folder_of(config: Config) -> Path:
    """Return the data folder, made if it was not there.

    Raises
    ------
    ConfigError
        If a SQLite database would lie where it does not last.
    """
    require_lasting(config.database_url, allow_volatile=config.database.allow_volatile)
    config.service.data_folder.mkdir(parents=True, exist_ok=True)
    return config.service.data_folder


def build_replay(config: Config, out: Path, now: Callable[[], datetime]) -> Service:
    """Return a service on the same sources whose state and files are all below `out`."""
    own_numbers(config.service.data_folder, out)
    service = config.service.model_copy(update={"data_folder": out})
    url = f"sqlite:///{out / 'replay.sqlite'}"
    # What is made here can be made again: it may lie in memory.
    own = {"url": url, "password": None, "allow_volatile": True}
    database = config.database.model_copy(update=own)
    email = config.email.model_copy(update={"channel": "spool", "spool": out / "spool"})
    backup = config.backup.model_copy(update={"journal": None})
    parts = {"service": service, "database": database, "email": email, "backup": backup}
    # What was fetched for the service once is not fetched again for its replay.
    return build_service(config.model_copy(update=parts), now, sources=sources_of(config))


def own_numbers(folder: Path, out: Path) -> None:
    """Copy what a service was recalibrated with to where its past is replayed."""
    out.mkdir(parents=True, exist_ok=True)
    for name in (CALIBRATION_FILE, FUSION_FILE):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, out / name)


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


def sources_of(config: Config) -> Sources:
    """Return the imagery and hotspot sources by preference."""
    return imagery_of(config), hotspots_of(config)


def imagery_of(config: Config) -> list[ImagerySource]:
    """Return the imagery sources by preference."""
    return imagery_in_order(config.sources, config.service.data_folder)


def hotspots_of(config: Config) -> list[HotspotSource]:
    """Return the hotspot sources by preference."""
    return hotspots_in_order(config.sources, config.service.data_folder)


def evidence_of(
    config: Config, database: Database, store: MonitorStore, keys: Keyring, renderer: Exhibitor
) -> EvidenceRoom:
    """Return what makes sealed bundles."""
    service = config.service

    def pictured(alert: Alert, language: str | None) -> AlertPicture:
        speech = Speech(language or service.language, service.timezone)
        return desk_picture(alert, service.data_folder, speech)

    return EvidenceRoom(database, store, service.data_folder, Seal.of(keys), pictured, renderer)


def pipeline_settings(config: Config) -> PipelineSettings:
    """Return what runs are made with."""
    return PipelineSettings(
        folder=config.service.data_folder,
        burn=burn_settings(config),
        calibration=calibration_in(config.service.data_folder),
        watch=WatchSettings(lookback=timedelta(days=config.sources.lookback_days)),
        camp=camp_settings(config.detection.camp),
        fires=fire_settings(config),
        sar=sar_settings(config),
    )


def burn_settings(config: Config) -> BurnSettings:
    """Return what counts as a burned settlement."""
    burn = config.detection.burn
    persistence = PersistenceSettings(
        false_alarms_per_year=burn.false_alarms_per_village_year,
        pair_gap=(timedelta(days=burn.min_gap_days), timedelta(days=burn.max_gap_days)),
        triple_span=timedelta(days=burn.max_span_days),
    )
    return BurnSettings(
        settlement_clear=burn.min_clear_fraction,
        ring_clear=burn.min_ring_clear_fraction,
        persistence=persistence,
        fusion=burn_fusion(config),
    )


def burn_fusion(config: Config) -> FusionSettings:
    """Return what evidence of burns is weighed with: fitted to decisions, where that was asked."""
    detection = config.detection
    chosen = FusionSettings(
        burns_per_village_year=detection.burn.burns_per_village_year,
        tier_a=detection.tier_a_probability,
        tier_b=detection.tier_b_probability,
        tier_c=detection.tier_c_probability,
    )
    return with_fitted(chosen, config.service.data_folder)


def fire_settings(config: Config) -> FireSettings:
    """Return how detections of fires are counted."""
    fires = config.detection.fires
    return FireSettings(
        reach=timedelta(days=fires.window_days),
        near_m=fires.background_radius_m,
        heat=HeatSettings(above_detections=fires.static_detections_per_year),
    )


def sar_settings(config: Config) -> SarSettings:
    """Return how radar looks are compared."""
    sar = config.detection.sar
    return SarSettings(least_before=sar.min_looks_before, max_shift_db=sar.max_scene_shift_db)


def fire_watch_settings(config: Config) -> FireWatchSettings:
    """Return what fires are watched with at every tick."""
    return FireWatchSettings(folder=config.service.data_folder, fires=fire_settings(config))


def camp_settings(section: CampSection) -> CampSettings:
    """Return what counts as a camp."""
    return CampSettings(
        min_new_area_ha=section.min_new_area_ha,
        min_growth_area_ha=section.min_growth_area_ha,
        min_growth_fraction=section.min_growth_fraction,
        min_emptying_fraction=section.min_emptying_fraction,
        emptying_looks=section.emptying_looks,
    )


def _own_host(config: Config) -> str:
    return urlsplit(config.service.base_url).hostname or ""


def _close(workers: Engine, channels: Mapping[str, Channel], database: Database) -> None:
    workers.close()
    for channel in channels.values():
        channel.close()
    database.dispose()
