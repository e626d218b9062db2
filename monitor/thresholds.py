"""Sections of config.toml that decide: what counts as a change, and who hears of it when.

Defaults are those of the design simulation, to be replaced by numbers from backtests.
Whoever changes one alters what is published: it goes into CHANGELOG.md, under Detection.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo
from pydantic import field_validator as checks

from monitor.settings import Addresses, Count, Duration, Names, Section

Fraction = Annotated[float, Field(ge=0, le=1)]
Days = Annotated[int, Field(ge=0, le=3650)]
Metres = Annotated[float, Field(ge=0)]
Hectares = Annotated[float, Field(gt=0)]


class BurnSection(Section):
    min_clear_fraction: Fraction = 0.70
    """share of a settlement that must be clear for a look to count"""
    min_ring_clear_fraction: Fraction = 0.50
    """share of its ring that must be clear"""
    false_alarms_per_village_year: Annotated[float, Field(gt=0, le=1)] = 0.01
    """false alarms that may be raised per settlement and year, all rules together"""
    burns_per_village_year: Annotated[float, Field(gt=0, le=1)] = 0.10
    """settlements that burn per year, as a share; probabilities rest on it"""
    min_gap_days: Days = 2
    """least time between two looks that confirm each other, so that clouds have moved"""
    max_gap_days: Days = 20
    """most time between two looks that confirm each other"""
    max_span_days: Days = 40
    """most time spanned by three looks that confirm each other"""


class CampSection(Section):
    min_new_area_ha: Hectares = 1.0
    """least area of a new camp"""
    min_growth_area_ha: Hectares = 0.5
    """least gain in area of a known camp"""
    min_growth_fraction: Fraction = 0.10
    """least growth of a known camp in 30 days, or since it was mapped or last told of"""
    min_emptying_fraction: Fraction = 0.30
    """least fall of a camp's sign, as a share of what its establishment raised"""
    emptying_looks: Count = 3
    """looks through which the fall must last"""


class SarSection(Section):
    min_looks_before: Count = 6
    """looks of the same season before a change can be judged"""
    max_scene_shift_db: Annotated[float, Field(gt=0)] = 0.5
    """shift of a whole scene's median from which it is held back"""


class FiresSection(Section):
    window_days: Annotated[float, Field(gt=0)] = 1.5
    """hotspots this much before or after a look count for it"""
    background_radius_m: Metres = 500
    """land around a settlement whose usual rate of hotspots is its background"""
    static_detections_per_year: Count = 5
    """a spot that burns more often than this, in over 3 months of a year, is a kiln or a flare"""


class DetectionSection(Section):
    tier_a_probability: Fraction = 0.90
    """probability from which a finding of two sensor families is tier A"""
    tier_b_probability: Fraction = 0.60
    """probability from which it is tier B"""
    tier_c_probability: Fraction = 0.20
    """probability from which it is tier C; below it nothing is raised"""
    burn: BurnSection = BurnSection()
    camp: CampSection = CampSection()
    sar: SarSection = SarSection()
    fires: FiresSection = FiresSection()

    @checks("tier_b_probability", "tier_c_probability")
    @classmethod
    def _is_below_the_tier_above(cls, probability: float, info: ValidationInfo) -> float:
        above = "tier_a" if info.field_name == "tier_b_probability" else "tier_b"
        if probability >= info.data.get(f"{above}_probability", 1.0):
            raise ValueError(f"must be less than {above}_probability")
        return probability


class AlertsSection(Section):
    operators: Addresses = ()
    """addresses that are told of incidents: dead deliveries, sources that are down"""
    auto_publish: bool = False
    """allow areas to send tier A findings that no analyst has seen; each message says so"""
    auto_publish_aois: Names = ()
    """the areas that may; empty: all of them"""
    two_person_aois: Names = ()
    """areas whose alerts leave the house only when two people confirmed them"""
    join_within_days: Days = 30
    """a finding joins the alert of its kind at its place if that is no older"""
    join_distance_m: Metres = 500
    """how near a finding without a settlement must lie to join"""
    reopen_within_days: Days = 90
    """an ended alert is reopened by new evidence up to this age"""
    end_after_looks: Count = 6
    """clear looks without change after which an alert ends"""
    cool_down_days: Days = 7
    """time in which a settlement and kind is not repeated to a person, unless it grew worse"""
    blind_after_days: Annotated[int, Field(ge=1, le=365)] = 14
    """days without a clear look after which an area is reported as blind"""
    group_wait: Duration = timedelta(minutes=5)
    """wait before a first message, so that events of one place share it"""
    group_interval: Duration = timedelta(hours=1)
    """least time between two messages about one place to one person"""
    max_messages_per_day: Count = 20
    """messages a day to one person; further ones go into a digest, none is dropped"""
    on_unknown: Literal["resend", "hold"] = "resend"
    """what to do when a server may or may not have taken a message"""
    dry_run: bool = False
    """mark every message as a test, and write to test_addresses alone"""
    test_addresses: Addresses = ()
    """the only addresses that a dry run may write to"""
