"""Separation of burned from unburned ground on real fires, per index.

Prints one Markdown table for pixels and one for 40 m blocks: the area under the ROC
curve (AUC) of each index, fire by fire, against the fire's perimeter where the files
hold one. Landsat 7 chips lie wholly inside their fires; their burned pixels are set
against the unburned pixels of Cold Springs, and the table says so. These are wild fires
seen in two dates, not burned villages.

    python benchmarks/real_burns.py [--real ../shared/data] [--out FILE.md]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from monitor.features import FULL, features_of
from monitor.matched import matched_filter, shrunk_precision, templates_for
from monitor.real_pairs import (
    BurnPair,
    california_fires,
    cold_springs,
    hls_fire,
    landsat_7_fires,
    on_blocks,
)

Array = NDArray[np.float32]

REAL = Path(__file__).resolve().parent.parent.parent / "shared" / "data"

INDICES = ("dnbr", "nir", "visible", "mirbi", "nbr2", "ndvi", "filter", "vetoed")
"""``filter`` is the component along the best burn template; ``vetoed`` is what the detector
uses: at most 0 where the change points rather at shadow, wet soil, straw or dust."""

# Of the HLS pair no perimeter exists. Pixels beyond this dNBR in large patches stand for
# it: what is measured against them is no independent test of dNBR.
STAND_IN_DNBR = 0.27


@dataclass(frozen=True, slots=True)
class Row:
    """AUC of each index for one fire; NaN where its bands are missing."""

    fire: str
    against: str
    burned: int
    unburned: int
    auc: Mapping[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Noise:
    """How much unburned ground changes between two dates: scale and precision."""

    scale: Array
    precision: Array
    changes: Mapping[str, Array]
    """Values of every index on unburned ground, shape (n,)."""


def auc(burned: Array, unburned: Array) -> float:
    """Return the probability that a burned value exceeds an unburned one."""
    burned, unburned = burned[np.isfinite(burned)], unburned[np.isfinite(unburned)]
    if not len(burned) or not len(unburned):
        return float("nan")
    ordered = np.sort(unburned)
    below = np.searchsorted(ordered, burned, side="left")
    equal = np.searchsorted(ordered, burned, side="right") - below
    return float((below + 0.5 * equal).mean() / len(unburned))


def changes_of(pair: BurnPair, noise: Noise | None = None) -> dict[str, Array]:
    """Return every index that the pair's bands allow, burned positive, (height, width)."""
    found: dict[str, Array] = dict(pair.indices)
    if all(band in pair.before for band in FULL.bands):
        change = features_of(pair.after, FULL) - features_of(pair.before, FULL)
        found.update(zip(("nir", "visible", "mirbi", "nbr2", "dnbr", "ndvi"), change, strict=True))
        if noise is not None:
            flat = change.reshape(FULL.count, -1)
            scale = np.broadcast_to(noise.scale[:, None], flat.shape)
            shape = pair.valid.shape
            templates = templates_for(FULL)
            # A confounder that points away from every burn vetoes nothing.
            bare = replace(templates, confounders=-templates.burns[:1])
            for name, chosen in (("filter", bare), ("vetoed", templates)):
                found[name] = matched_filter(flat, scale, noise.precision, chosen).q.reshape(shape)
    return found


def noise_of(pair: BurnPair) -> Noise:
    """Return the noise of a pair's unburned valid ground, robust against its shadows."""
    quiet = pair.valid & ~_inside(pair)
    change = (features_of(pair.after, FULL) - features_of(pair.before, FULL))[:, quiet]
    change = change[:, np.isfinite(change).all(axis=0)]
    middle = np.median(change, axis=1, keepdims=True)
    scale = (1.4826 * np.median(np.abs(change - middle), axis=1)).astype(np.float32)
    standard = (change / scale[:, None]).T
    core = standard[np.abs(standard).max(axis=1) < 5]
    bare = Noise(scale, shrunk_precision(core), {})
    values = {name: v[quiet] for name, v in changes_of(pair, bare).items()}
    return Noise(scale, bare.precision, values)


def rows_of(folder: Path, view: Callable[[BurnPair], BurnPair]) -> list[Row]:
    """Return one row for each fire, seen as pixels or as blocks."""
    reference = view(cold_springs(folder))
    noise = noise_of(reference)
    rows = [_against_perimeter(reference, noise, "perimeter")]
    rows.append(_against_perimeter(with_stand_in(view(hls_fire(folder))), noise, "dNBR patches"))
    rows += [
        _against_perimeter(view(pair), noise, "perimeter")
        for pair in california_fires(folder)
        if not pair.note.startswith("broken")
    ]
    return rows + _landsat_7_rows([view(p) for p in landsat_7_fires(folder)], noise)


def _against_perimeter(pair: BurnPair, noise: Noise, against: str) -> Row:
    inside = _inside(pair)
    burned, unburned = pair.valid & inside, pair.valid & ~inside
    values = changes_of(pair, noise)
    return Row(
        fire=f"{pair.name} ({pair.sensor})",
        against=against,
        burned=int(burned.sum()),
        unburned=int(unburned.sum()),
        auc={name: auc(v[burned], v[unburned]) for name, v in values.items()},
    )


def _landsat_7_rows(pairs: list[BurnPair], noise: Noise) -> list[Row]:
    fires: dict[str, list[dict[str, Array]]] = {}
    for pair in pairs:
        values = {name: v[pair.valid] for name, v in changes_of(pair, noise).items()}
        fires.setdefault(pair.name.partition("/")[0], []).append(values)
    rows = []
    for fire, chips in sorted(fires.items()):
        joined = {name: np.concatenate([chip[name] for chip in chips]) for name in INDICES}
        rows.append(
            Row(
                fire=f"{fire} (Landsat 7)",
                against="unburned Cold Springs",
                burned=len(joined["dnbr"]),
                unburned=len(noise.changes["dnbr"]),
                auc={name: auc(joined[name], noise.changes[name]) for name in INDICES},
            )
        )
    return rows


def _inside(pair: BurnPair) -> NDArray[np.bool_]:
    return np.zeros(pair.valid.shape, dtype=np.bool_) if pair.inside is None else pair.inside


def with_stand_in(pair: BurnPair) -> BurnPair:
    """Return the pair with its large patches of high dNBR as if they were a perimeter."""
    patches, _ = label((changes_of(pair)["dnbr"] >= STAND_IN_DNBR) & pair.valid)
    sizes = np.bincount(patches.ravel())
    sizes[0] = 0
    return replace(pair, inside=sizes[patches] >= 50)


def markdown(title: str, rows: list[Row]) -> str:
    """Return one table."""
    head = ("fire", "against", "burned", "unburned", *INDICES)
    lines = [f"### {title}", "", f"| {' | '.join(head)} |", "|---|---|" + "---:|" * (len(head) - 2)]
    for row in rows:
        cells = [_number(row.auc.get(name, float("nan"))) for name in INDICES]
        counts = [f"{row.burned:,}", f"{row.unburned:,}"]
        lines.append(f"| {' | '.join([row.fire, row.against, *counts, *cells])} |")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "-"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--real", type=Path, default=REAL)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    pixels = rows_of(chosen.real, lambda pair: pair)
    blocks = rows_of(chosen.real, lambda pair: on_blocks(pair)[0])
    text = markdown("Pixels", pixels) + "\n" + markdown("Blocks of 40 m", blocks)
    print(text)
    if chosen.out:
        chosen.out.write_text(text)


if __name__ == "__main__":
    main()
