"""Settings of simulated worlds, and the seeds that may be used for what."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from aoi.interval import Interval
from monitor.errors import ConfigError

VERSION = "simulation/2"
"""Rises when the same seed gives another world."""

TUNING_SEEDS = range(1_000, 2_000)
"""Seeds that thresholds, templates and calibrations may be fitted on."""

TEST_SEEDS = range(9_000, 10_000)
"""Seeds that results are quoted from. Nothing is ever fitted on them."""

PURPOSES = {"tuning": TUNING_SEEDS, "test": TEST_SEEDS}


@dataclass(frozen=True, slots=True)
class Climate:
    """Rain, clouds, dust and growth of a region; days of the year."""

    onset_day: float = 170.0
    """Grass turns green."""

    senescence_day: float = 300.0
    harvest_day: float = 318.0
    wet_from_day: float = 178.0
    wet_until_day: float = 272.0
    covered_dry: float = 0.18
    """Share of the ground that a look does not see, dry season, 0 to 1."""

    covered_wet: float = 0.65
    storms_per_week: float = 2.0
    haze_winter: float = 0.25
    """Typical haze strength November to March."""

    haze_summer: float = 0.06
    fire_from_day: float = 300.0
    """First day of the fire season, which may run over the new year."""

    fire_length_days: float = 150.0


@dataclass(frozen=True, slots=True)
class Ground:
    """Natural cover of a region, shares 0 to 1."""

    sand: float = 0.55
    """Share of sand in the soil; the rest is clay."""

    grass: float = 0.50
    bush: float = 0.12
    woodland: float = 0.03
    fields: float = 0.25


@dataclass(frozen=True, slots=True)
class VillageMix:
    """What settlements are built of: least and largest share of village ground."""

    thatch: tuple[float, float] = (0.15, 0.38)
    straw: tuple[float, float] = (0.10, 0.24)
    mud_brick: tuple[float, float] = (0.0, 0.05)
    timber: tuple[float, float] = (0.0, 0.0)
    metal: tuple[float, float] = (0.0, 0.02)
    tarpaulin: tuple[float, float] = (0.0, 0.0)
    trees: tuple[float, float] = (0.0, 0.15)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many structures settlements have, log-normal (Darfur village list)."""

    median: float = 75.0
    spread: float = 0.95
    """Standard deviation of the logarithm."""

    least: int = 15
    most: int = 500


@dataclass(frozen=True, slots=True)
class Burns:
    """How often, when and how settlements burn."""

    rate_per_year: tuple[float, ...] = ()
    """Share of the settlements that burn in the first, second ... year; none after the last."""

    fraction: tuple[float, float] = (0.15, 1.0)
    repeat_share: float = 0.1
    """Share of burned settlements that burn again."""

    planned: tuple[PlannedBurn, ...] = ()
    """Burns that happen in any case."""


@dataclass(frozen=True, slots=True)
class PlannedBurn:
    """One burn of a scripted world."""

    rank: int
    """Which village, by size: 0 is the one with the most structures."""

    at: datetime
    fraction: float
    pattern: str = "contiguous"
    """Or ``"scattered"``, ``"house by house"``."""


@dataclass(frozen=True, slots=True)
class Confounders:
    """How often what is not a burned village happens, per settlement and year."""

    ring_fires: float = 0.35
    spill: float = 0.15
    """Share of ring fires that reach 0 to 6 % of the settlement from its edge."""

    free_fires: float = 0.5
    """Bush fires away from settlements, per settlement and year."""

    straw_removed: float = 0.5
    thatch_renewed: float = 0.25
    compound_fires: float = 0.05
    """Accidents that burn less than four blocks."""

    mimics: float = 0.0
    """Kilns, markets, mines, new roofs, nomad camps."""

    camp_mimics: float = 0.0
    """Further ones of the size of camps: building sites, threshing floors, fairs, mines."""


@dataclass(frozen=True, slots=True)
class Camps:
    """Displacement camps of a world. Those that are not new are the last of its settlements."""

    standing: int = 0
    growing: int = 0
    emptied: int = 0
    """Dismantled within weeks."""

    deserted: int = 0
    """Left standing: shelters decay over months, and plants return with the rain."""

    new: int = 0
    from_share: float = 0.6
    """Part of the span after which camps appear, grow and empty, 0 to 1."""

    until_share: float = 0.95
    growth: tuple[float, float] = (0.1, 3.0)
    """Gain of area as a share of the camp (DETECTION 5.5)."""

    @property
    def known(self) -> int:
        """Camps that stand from the start."""
        return self.standing + self.growing + self.emptied + self.deserted


@dataclass(frozen=True, slots=True)
class Faults:
    """What goes wrong upstream, for tests of the guards. None: never."""

    offset_forgotten: Interval | None = None
    """Reflectance is 0.1 too high: the offset of baseline 04.00 was not subtracted."""

    offset_doubled: Interval | None = None
    """Reflectance is 0.1 too low: the item says that the offset is still to be subtracted."""

    duplicated: Interval | None = None
    """Each acquisition is delivered twice, the second time under a newer baseline."""

    def added(self, at: datetime) -> float:
        """Return the reflectance that a wrong offset adds at an instant."""
        if self.offset_forgotten is not None and self.offset_forgotten.contains(at):
            return 0.1
        if self.offset_doubled is not None and self.offset_doubled.contains(at):
            return -0.1
        return 0.0


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """Everything about a world but its seed."""

    name: str
    window_km: float = 12.0
    """Side of the simulated square; it is the grid `Aoi.blocks` of the world's area."""

    villages: int = 12
    village_margin_m: float = 3_200.0
    """Least distance of a settlement from the edge; 3,020 m and more is inside the area."""

    village_spacing_m: float = 900.0
    longitude: float = 25.3
    latitude: float = 12.7
    start: datetime = datetime(2021, 1, 1, tzinfo=UTC)
    years: float = 5.0
    climate: Climate = field(default_factory=Climate)
    ground: Ground = field(default_factory=Ground)
    mix: VillageMix = field(default_factory=VillageMix)
    sizes: Sizes = field(default_factory=Sizes)
    burns: Burns = field(default_factory=Burns)
    confounders: Confounders = field(default_factory=Confounders)
    camps: Camps = field(default_factory=Camps)
    faults: Faults = field(default_factory=Faults)
    artefact_rate: float = 0.02
    """Share of the blocks called clear that hold missed cloud or shadow, 0.004 to 0.04."""

    village_noise: float = 0.006
    """Reflectance that a settlement changes by from look to look, standard deviation."""

    interannual: float = 0.008
    """Reflectance that a place changes by from year to year, standard deviation."""

    revisit_days: int = 5
    """Days between two looks of one orbit."""

    orbits: int = 2
    """Relative orbits, 1 or 2; the second sees part of the window."""

    footprint_error: float = 0.05
    """Position and extent errors of given footprints, share of the diameter."""

    @property
    def span(self) -> Interval:
        """Time that the world exists."""
        return Interval(self.start, self.start + timedelta(days=round(365.25 * self.years)))


_QUIET = WorldSettings(name="quiet")

_MUD = WorldSettings(
    name="darfur_mud_brick",
    longitude=22.6,
    latitude=13.4,
    mix=VillageMix(
        thatch=(0.10, 0.18), straw=(0.02, 0.08), mud_brick=(0.20, 0.34), trees=(0.0, 0.08)
    ),
    ground=Ground(sand=0.65, grass=0.32, bush=0.08, woodland=0.02, fields=0.22),
    burns=Burns(rate_per_year=(0.0, 0.0, 0.0, 0.0, 0.5)),
)

_WOOD = WorldSettings(
    name="rakhine_wood",
    longitude=92.5,
    latitude=20.9,
    climate=Climate(
        onset_day=140, senescence_day=335, harvest_day=345, wet_from_day=140, wet_until_day=285,
        covered_dry=0.22, covered_wet=0.78, haze_winter=0.15, fire_from_day=30,
        fire_length_days=80, storms_per_week=4,
    ),
    ground=Ground(sand=0.2, grass=0.30, bush=0.25, woodland=0.15, fields=0.40),
    mix=VillageMix(
        thatch=(0.0, 0.05), straw=(0.0, 0.03), timber=(0.20, 0.32), metal=(0.0, 0.03),
        trees=(0.35, 0.55),
    ),
    burns=Burns(rate_per_year=(0.0, 0.0, 0.0, 0.0, 0.5)),
)  # fmt: skip

_CAMP = WorldSettings(
    name="camp",
    villages=8,
    burns=Burns(rate_per_year=(0.0, 0.0, 0.0, 0.0, 0.3)),
    camps=Camps(standing=2, growing=2, new=3, emptied=2),
)

_CAMP_BENCH = WorldSettings(
    name="camp_bench",
    villages=14,
    years=4.0,
    burns=Burns(rate_per_year=(0.0, 0.0, 0.0, 0.4)),
    confounders=Confounders(mimics=0.3, camp_mimics=0.3),
    camps=Camps(standing=1, growing=3, emptied=2, deserted=1, new=5, from_share=0.55),
)

_ADVERSARIAL = WorldSettings(
    name="adversarial",
    villages=40,
    village_margin_m=900.0,
    burns=Burns(rate_per_year=(0.0, 0.0, 0.0, 0.0, 0.5)),
    confounders=Confounders(
        ring_fires=0.8, spill=0.4, free_fires=1.0, straw_removed=0.9, thatch_renewed=0.6,
        compound_fires=0.2, mimics=0.5,
    ),
    camps=Camps(standing=1, new=1),
    artefact_rate=0.04,
)  # fmt: skip

_CI = WorldSettings(
    name="ci",
    # An area of 4 x 4 km and the margin that every window has.
    window_km=10.08,
    villages=6,
    years=3.0,
    sizes=Sizes(median=50, spread=0.4, most=90),
)

_DEMO = WorldSettings(
    name="demo",
    villages=12,
    orbits=1,
    start=datetime(2023, 1, 1, tzinfo=UTC),
    years=2.33,
    sizes=Sizes(median=110, spread=0.5, least=40, most=320),
    burns=Burns(
        planned=(
            PlannedBurn(rank=1, at=datetime(2025, 2, 9, 21, tzinfo=UTC), fraction=0.9),
            PlannedBurn(rank=0, at=datetime(2025, 3, 2, 13, tzinfo=UTC), fraction=0.4),
        )
    ),
    confounders=Confounders(ring_fires=0.6, spill=0.1, compound_fires=0.03),
    camps=Camps(growing=1, from_share=0.90, until_share=0.92, growth=(0.5, 1.0)),
    faults=Faults(
        offset_doubled=Interval(
            datetime(2025, 1, 22, tzinfo=UTC), datetime(2025, 1, 26, tzinfo=UTC)
        )
    ),
)

DEMO_FROM = datetime(2025, 1, 1, tzinfo=UTC)
"""The demo delivers scenes from here on; what lies before is its archive of looks."""

PRESETS: dict[str, WorldSettings] = {
    settings.name: settings
    for settings in (
        _QUIET,
        _MUD,
        _WOOD,
        _CAMP,
        _CAMP_BENCH,
        replace(
            _CAMP_BENCH,
            name="camp_quiet",
            burns=Burns(),
            camps=Camps(standing=3),
        ),
        _ADVERSARIAL,
        _CI,
        replace(_QUIET, name="sahel_thatch", burns=Burns(rate_per_year=(0.0, 0.0, 0.0, 0.0, 0.5))),
        replace(
            _QUIET,
            name="bench",
            villages=40,
            village_margin_m=900.0,
            burns=Burns(rate_per_year=(0.0, 0.0, 0.0, 0.0, 0.6)),
        ),
        _DEMO,
    )
}


def preset(name: str) -> WorldSettings:
    """Return the settings of that name.

    Raises
    ------
    ConfigError
        If there is none.
    """
    if name not in PRESETS:
        raise ConfigError(f"no preset is called {name!r}", hint=f"presets: {', '.join(PRESETS)}")
    return PRESETS[name]


def require_seed(seed: int, purpose: str) -> int:
    """Return `seed` if it may be used for `purpose`, ``"tuning"`` or ``"test"``.

    Raises
    ------
    ConfigError
        If it belongs to another purpose: a result on a seed that thresholds were
        fitted on says nothing.
    """
    allowed = PURPOSES[purpose]
    if seed not in allowed:
        raise ConfigError(
            f"seed {seed} is not for {purpose}",
            hint=f"{purpose} seeds are {allowed.start} to {allowed.stop - 1}",
        )
    return seed
