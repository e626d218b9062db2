"""evidence: what an alert rests on, sealed, and checked without us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alerts.errors import EvidenceRefused
from alerts.web.speech import NAMES
from monitor.commands.call import Call, minutes, plain, verb
from monitor.errors import ConfigError

evidence = typer.Typer(help="Evidence: what an alert rests on, sealed, and checked without us.")

FAILED = 1

MAX_KEY_BYTES = 10_000


def add_to(app: typer.Typer) -> None:
    """Register the family of verbs."""
    app.add_typer(evidence, name="evidence", no_args_is_help=True)


@verb(evidence, "export", example="emberwatch evidence export K7QF --out K7QF.zip")
def export(
    call: Call,
    event_id: Annotated[str, typer.Argument(metavar="ID", help="Event or reference.")],
    out: Annotated[Path, typer.Option(metavar="FILE.zip", help="File to write.")],
    timestamp: Annotated[
        str, typer.Option(metavar="URL", help="Have this RFC 3161 authority stamp the log first.")
    ] = "",
    language: Annotated[
        str, typer.Option(metavar="LANGUAGE", help="Of the report: en, fr, ar or my.")
    ] = "",
) -> None:
    """Write the sealed bundle of an alert, with all that the desk knows; mind who gets it.

    Pixels before and after, the looks that show it and those that do not, readings, the
    log of decisions with its signed root, provenance (W3C PROV), a map, the plate and how it
    was drawn, a report as PDF. The same bytes each time, as long as nothing changes.
    """
    # Imported here: drawing takes a second to load, and --help needs none.
    from alerts.evidence.report import language_on_paper

    if language and language not in NAMES:
        raise ConfigError(
            f"no report is printed in {language!r}", hint=f"choose one of {', '.join(NAMES)}"
        )
    service = call.service()
    found = service.alerts.alert(event_id)
    if timestamp:
        service.evidence.stamp(timestamp)
    content = service.evidence.bundle(found.event_id, language)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise ConfigError(
            f"cannot write {out}: {error.strerror}", hint="name another file with --out"
        ) from error
    fingerprint = service.evidence.fingerprint
    asked = language or service.config.service.language
    printed = language_on_paper(asked)
    in_english = f"the report is in English: no font here for {asked!r}; install fonts-noto-core"
    call.say(
        {
            "written": str(out),
            "bytes": len(content),
            "ref": found.ref,
            "key": fingerprint,
            "report_language": printed,
        },
        f"{plain(out)}: {len(content) / 1e6:.1f} MB, sealed with key {fingerprint}",
        *([in_english] if printed != asked else []),
        "tell whoever gets it the fingerprint of the key by another way, such as the phone",
    )


@verb(evidence, "verify", example="emberwatch evidence verify K7QF.zip --key partner.pub")
def verify(
    call: Call,
    bundle: Annotated[Path, typer.Argument(metavar="FILE.zip", help="A sealed bundle.")],
    key: Annotated[
        Path | None, typer.Option(metavar="FILE.pub", help="The key that it must be sealed with.")
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option(metavar="CA.pem", help="The authority whose time stamp it must bear."),
    ] = None,
) -> None:
    """Say whether a bundle is what was sealed, else everything that is wrong with it.

    Needs no network and no database. Without --key it shows that nothing was
    altered since it was sealed, and not by whom. --authority needs openssl.
    """
    # Imported here: rasters take a second to load, and --help needs none.
    from alerts.evidence.check import examined
    from alerts.evidence.seal import PublicKey
    from alerts.evidence.timestamps import stamp_of

    trusted = None if key is None else PublicKey.from_pem(_content(key)[:MAX_KEY_BYTES])
    found = examined(_content(bundle), trusted, authority)
    stamped_at = stamp_of(found.token).at if found.token and found.intact else None
    document = {
        "intact": found.intact,
        "key": found.fingerprint,
        "trusted": trusted is not None and found.intact,
        "alert": found.said.get("ref"),
        "revision": found.said.get("revision"),
        "stamped_at": stamped_at,
        "faults": [{"subject": one.subject, "what": one.what} for one in found.faults],
    }
    if found.intact:
        who = "a key you trust" if trusted else "compare it with the one that its sender tells you"
        by = "the authority you trust" if authority else "somebody: see --authority"
        stamped = [f"its log was stamped at {minutes(stamped_at)} by {by}"] if stamped_at else []
        call.say(
            document,
            f"intact: alert {plain(found.said.get('ref'))}, "
            f"revision {plain(found.said.get('revision'))}",
            f"sealed with key {plain(found.fingerprint)}: {who}",
            *stamped,
        )
        return
    lines = [f"  {plain(one.subject)}: {plain(one.what)}" for one in found.faults]
    call.say(document, f"NOT as it was sealed, {len(found.faults)} faults:", *lines)
    raise typer.Exit(FAILED)


@verb(evidence, "key", example="emberwatch evidence key > service.pub")
def key(call: Call) -> None:
    """Print the public key that this service seals with, for those who check its bundles."""
    service = call.service()
    pem = service.evidence.public_key_pem.decode()
    if not call.as_json:
        call.notes.print(f"fingerprint {service.evidence.fingerprint}")
    call.say({"key": service.evidence.fingerprint, "pem": pem}, pem.rstrip())


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EvidenceRefused(
            f"cannot read {path}: {error.strerror}", hint="check the name of the file"
        ) from error
