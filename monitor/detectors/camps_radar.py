"""What radar adds to a finding about a camp: a second family of sensors, never the first."""

from __future__ import annotations

from dataclasses import replace

from monitor.audit import e_value
from monitor.detectors.camps_case import WEAK
from monitor.detectors.sar import VERSION, RadarReading
from monitor.finding import Evidence, Finding, FindingKind, SensorFamily, Tier
from monitor.fusion import FusionSettings, tier_of

CONFOUNDERS = (
    "many light shelters are nearly invisible to radar: its silence says nothing",
    "building work and harvest change backscatter as well",
)


def with_camp_radar(finding: Finding, reading: RadarReading, settings: FusionSettings) -> Finding:
    """Return a camp finding with what radar says, its probability and tier made anew.

    Shelters raise VV and VH where they are put up, and their going lowers them. Only a
    change of the right sign raises the probability; a camp is never found by radar alone.

    Parameters
    ----------
    finding : Finding
        Of a camp; any other is returned as it is.
    reading : RadarReading
        Of the same ground, before the change against after it; VV and VH in dB.
    settings : FusionSettings
    """
    if not finding.kind.value.startswith("camp_") or not reading.judged:
        return finding
    expected = "loss" if finding.kind is FindingKind.CAMP_EMPTYING else "gain"
    agrees = reading.label == expected
    radar = Evidence(
        family=SensorFamily.RADAR,
        detector=VERSION,
        p=reading.p if agrees else 1.0,
        score=reading.score,
        score_unit="sigma",
        happened=finding.happened,
        look_ids=reading.after_ids if agrees else (),
        quiet_look_ids=() if agrees else reading.after_ids,
        values={
            "p_two_sided": reading.p,
            **{f"change_db_{name}": value for name, value in reading.change_db.items()},
        },
        confounders=CONFOUNDERS,
    )
    evidence = (*finding.evidence, radar)
    if not agrees:
        return replace(finding, evidence=evidence)
    odds = finding.probability / max(1.0 - finding.probability, 1e-6)
    odds *= max(e_value(radar.p), 1.0) ** settings.radar_weight
    probability = min(odds / (1.0 + odds), settings.highest)
    tier = tier_of(probability, evidence, finding.flags, settings)
    return replace(
        finding,
        evidence=evidence,
        probability=probability,
        tier=Tier.C if WEAK & set(finding.flags) else tier,
    )
