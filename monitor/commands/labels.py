"""alert labels and alert refit: what people decided, and the weights that it suggests."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from alerts.labels import Label, cases_of, label_of, labels_csv, labels_from
from monitor.app import burn_fusion
from monitor.archive import write_whole
from monitor.commands.call import Call, plain, table, verb
from monitor.errors import ConfigError
from monitor.fusion_file import NAME, write_weights
from monitor.refit_plot import diagrams, refit_svg, scores
from monitor.service import Service
from monitor.stacking import Refit, enough, refitted


def add_to(alert: typer.Typer) -> None:
    """Register the verbs in the family `alert`."""
    verb(alert, "labels", example="emberwatch alert labels --out labels.csv")(labels)
    verb(alert, "refit", example="emberwatch alert refit --plot reliability.svg")(refit)


def labels(
    call: Call,
    out: Annotated[Path, typer.Option(metavar="FILE", help="CSV file to write.")],
    aoi_id: Annotated[str, typer.Option("--aoi", metavar="ID", help="Only this area.")] = "",
) -> None:
    """Export what analysts decided: one row an alert, with what was known of it.

    For measuring and refitting; it names settlements, so mind who gets the file.
    """
    found = list(_decided(call.service(), aoi_id))
    write_whole(out, labels_csv(found).encode())
    counts = _counts(found)
    told = ", ".join(f"{count} {label}" for label, count in counts.items()) or "none yet"
    call.say(
        {"written": str(out), "labels": len(found), "counts": counts},
        f"{len(found)} decided alerts in {plain(out)}: {told}",
    )


def refit(
    call: Call,
    source: Annotated[
        Path | None, typer.Option("--labels", metavar="FILE", help="Default: our own decisions.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(metavar="FILE", help="SVG file to write.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Use the weights from now on.")] = False,
) -> None:
    """Fit the weights of the fusion to decisions, and say how reliable it was and would be.

    Without --apply nothing changes. With it the weights go into fusion.json of the data
    folder; remove that file to return to the shipped ones.
    """
    service = call.service()
    found = list(_decided(service, "")) if source is None else _read(source)
    cases = cases_of(found)
    missing = enough(cases)
    if missing:
        raise ConfigError(
            f"cannot fit weights: {missing}",
            hint="go on reviewing, or give more labels with --labels",
        )
    made = refitted(cases, burn_fusion(service.config))
    if plot is not None:
        write_whole(plot, refit_svg(made))
    if apply:
        write_weights(service.config.service.data_folder / NAME, made.weights)
    _show(call, made, apply=apply)


def _decided(service: Service, aoi_id: str) -> Iterable[Label]:
    for one in service.alerts.alerts(aoi_id=aoi_id or None):
        label = label_of(one, service.alerts.events(one.event_id))
        if label is not None:
            yield label


def _read(source: Path) -> list[Label]:
    try:
        return labels_from(source.read_text(encoding="utf-8"), str(source))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {source}: {error}", hint="name a CSV file") from error


def _counts(found: Iterable[Label]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.label] = counts.get(one.label, 0) + 1
    return counts


def _show(call: Call, made: Refit, *, apply: bool) -> None:
    weights = made.weights
    before, after = scores(made.before, made), scores(made.after, made)
    rows = table("stated", "before: n", "confirmed", "after: n", "confirmed")
    bins = {name: {part.low: part for part in of} for name, of in diagrams(made).items()}
    for low in sorted({*bins["before"], *bins["after"]}):
        cells: list[str] = [f"{low:.1f} to {low + 0.2:.1f}"]
        for name in ("before", "after"):
            part = bins[name].get(low)
            cells += ["", ""] if part is None else [str(part.count), f"{part.observed:.0%}"]
        rows.add_row(*cells)
    document = {
        "labels": weights.labels,
        "weights": {
            "local_odds": weights.local_odds,
            "hotspot_weight": weights.hotspot_weight,
            "radar_weight": weights.radar_weight,
            "front_weight": weights.front_weight,
        },
        "before": before,
        "after": after,
        "applied": apply,
    }
    call.show(document, rows, "no decided alert")
    if call.as_json:
        return
    call.say(
        document,
        f"Brier {before['brier']:.3f} before, {after['brier']:.3f} after; calibration error "
        f"{before['ece']:.3f}, {after['ece']:.3f}; from {weights.labels} decisions",
        f"weights: hotspots {weights.hotspot_weight:.2f}, radar {weights.radar_weight:.2f}, "
        f"fronts {weights.front_weight:.2f}, local odds {weights.local_odds:.2f}",
        "in use from the next tick" if apply else "nothing was changed; --apply uses them",
    )
