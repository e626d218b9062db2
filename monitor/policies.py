"""What ``[alerts]`` and ``[email]`` of config.toml mean for each stage of the alerts."""

from __future__ import annotations

from datetime import timedelta

from alerts.aftermath import AftermathPolicy
from alerts.blindness import BlindnessPolicy
from alerts.courier import CourierPolicy
from alerts.digests import DigestPolicy
from alerts.enrolment import EnrolmentPolicy
from alerts.formats.dkim import DkimKey
from alerts.formats.mail import MailSettings
from alerts.intake import IntakePolicy
from alerts.keys import Keyring
from alerts.publisher import PublisherPolicy
from alerts.retention import RetentionPolicy
from alerts.review import ReviewPolicy
from alerts.subscription import SubscriptionPolicy
from monitor.config import Config
from monitor.errors import ConfigError


def intake_policy(config: Config, keys: Keyring) -> IntakePolicy:
    """Return what belongs to one event."""
    return IntakePolicy(
        join_distance_m=config.alerts.join_distance_m,
        join_within=timedelta(days=config.alerts.join_within_days),
        reopen_within=timedelta(days=config.alerts.reopen_within_days),
        ref_key=keys.derived("ref"),
    )


def aftermath_policy(config: Config) -> AftermathPolicy:
    """Return what later looks mean for an alert."""
    return AftermathPolicy(
        contradicted_within=timedelta(days=config.detection.burn.max_gap_days),
        end_after_looks=config.alerts.end_after_looks,
    )


def blindness_policy(config: Config, keys: Keyring) -> BlindnessPolicy:
    """Return when an area counts as blind."""
    return BlindnessPolicy(
        blind_after=timedelta(days=config.alerts.blind_after_days), ref_key=keys.derived("ref")
    )


def digest_policy(config: Config) -> DigestPolicy:
    """Return what digests call blind."""
    return DigestPolicy(blind_after=timedelta(days=config.alerts.blind_after_days))


def publisher_policy(config: Config) -> PublisherPolicy:
    """Return who hears of what."""
    return PublisherPolicy(
        analysts=config.email.analysts,
        cool_down=timedelta(days=config.alerts.cool_down_days),
        subscriptions=subscription_policy(config),
    )


def subscription_policy(config: Config) -> SubscriptionPolicy:
    """Return the limits that hold for everybody."""
    alerts = config.alerts
    auto_aois: tuple[str, ...] | None = alerts.auto_publish_aois or None
    return SubscriptionPolicy(
        max_messages_per_day=alerts.max_messages_per_day,
        group_wait=alerts.group_wait,
        group_interval=alerts.group_interval,
        auto_publish_aois=auto_aois if alerts.auto_publish else (),
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
        mail_connections=config.email.connections,
        endpoints=config.webhooks.connections,
        only_to=frozenset(config.alerts.test_addresses) if config.alerts.dry_run else None,
    )


def retention_policy(config: Config) -> RetentionPolicy:
    """Return how long texts are kept; 0 in the settings is for ever."""
    given = config.retention
    return RetentionPolicy(
        messages=timedelta(days=given.message_days) if given.message_days else None,
        copies=timedelta(days=given.copy_days) if given.copy_days else None,
        journal_months=given.journal_months or None,
    )


def mail_settings(config: Config) -> MailSettings:
    """Return how mails are addressed."""
    return MailSettings(
        sender=config.email.sender,
        sender_name=config.email.sender_name,
        reply_to=config.email.reply_to,
        bounce_domain=config.email.bounce_domain,
        base_url=config.service.base_url.rstrip("/"),
        dkim=dkim_key(config),
        unsubscribe_mailbox=config.email.inbound is not None,
        exercise=config.alerts.dry_run,
        max_message_bytes=int(config.email.max_message_mb * 1e6),
    )


def review_policy(config: Config) -> ReviewPolicy:
    """Return where one person is not enough."""
    return ReviewPolicy(two_person_aois=config.alerts.two_person_aois)


def dkim_key(config: Config) -> DkimKey | None:
    """Return what signs mails, if it is not the mail server.

    Raises
    ------
    ConfigError
        If the key cannot sign.
    """
    email = config.email
    if not email.dkim_domain or email.dkim_key is None:
        return None
    pem = email.dkim_key.get_secret_value().encode()
    try:
        return DkimKey.from_pem(email.dkim_domain, email.dkim_selector, pem)
    except ValueError as error:
        raise ConfigError(
            f"the key in [email] dkim_key_file cannot sign: {error}",
            hint="make one with: openssl genrsa -out dkim.pem 2048",
        ) from error
