"""Reasons not to take the figures of a ranking at their word, each in a few words."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from survey.transfer.strategy_names import SWINGBY

# Chang'e 2's transfer to (4179) Toutatis, the one flown, prices heliocentric arcs from L2 within
# 6 % of the three-body problem up to 104 days of flight and three times too high at 128 days.
FAST_TOF_D: Final = 110.0
FREE_M_S: Final = 20.0
"""Less than this is free within the model: a libration point is no trajectory of the real one."""

NEAR_EARTH_AU: Final = 0.05  # nearer than this on arrival, Earth bends the asteroid's path
DIFFERENT: Final = 0.2
"""Two-body delta-v is wrong where the three-body one is further off, and by `FREE_M_S`, too."""

TRUST: Final = ("sigma_km", "earth_pass_au", "earth_pass_jd_tdb", "trusted", "doubt")
YES, NO = "yes", "no"

UNCONFIRMED: Final = {
    "out of reach": "two-body figure unconfirmed, the three-body search had no start",
    "not converged": "two-body figure unconfirmed, the three-body search did not converge",
    "over budget": "two-body figure unconfirmed, the three-body arcs found cost more than allowed",
    "no path": "two-body figure unconfirmed, the asteroid had no path for the three-body search",
}
"""Reason for caution, by the outcome of a three-body search that found no arc (`UNREACHED`)."""


def two_body_invalid(two_body_m_s: pd.Series[float], three_body_m_s: pd.Series[float]) -> pd.Series:
    """Tell where the two-body number is not that of the three-body problem; False if one lacks."""
    gap = (two_body_m_s - three_body_m_s).abs()
    return (gap > FREE_M_S) & (gap > DIFFERENT * three_body_m_s)


def unconfirmed_by(two_body: pd.DataFrame, unreached: pd.DataFrame) -> pd.Series[str]:
    """Tell why the three-body search does not confirm two-body arcs that it should have.

    Parameters
    ----------
    two_body : DataFrame
        Two-body arcs, one of each asteroid and kind.
    unreached : DataFrame
        In the schema `survey.tables.UNREACHED`.

    Returns
    -------
    Series of str
        The outcome, shape and index of `two_body`; empty where the search found an arc, or where
        the two-body one costs more than the search was allowed, so that none was expected.
    """
    place = pd.MultiIndex.from_frame(two_body[["designation", "kind"]])
    none = unreached.set_index(["designation", "kind"]).reindex(place)
    expected = two_body["dv_total_m_s"].to_numpy(dtype=float) <= none["budget_m_s"].to_numpy()
    why = none["outcome"].to_numpy(dtype=object)
    return pd.Series(np.where(expected, why, ""), index=two_body.index, dtype=object)


def flags_of(arcs: pd.DataFrame, two_body: pd.DataFrame, last: float) -> pd.Series[str]:
    """Collect the reasons, one text per asteroid.

    Parameters
    ----------
    arcs : DataFrame
        The arc that is ranked of each asteroid and kind, with `rung`, `late` and `assisted`, with
        the columns `TRUST` where positions were assessed, and with `unconfirmed` where a
        three-body search has accounted for those without an arc.
    two_body : DataFrame
        The best two-body window of each asteroid and kind.
    last : float
        Last date of operation, JD TDB.

    Returns
    -------
    Series of str
        By designation; asteroids without a reason are absent.
    """
    lower = two_body.set_index(["designation", "kind"])["dv_total_m_s"]
    place = pd.MultiIndex.from_frame(arcs[["designation", "kind"]])
    below = pd.Series(lower.reindex(place).to_numpy(), index=arcs.index)
    slow = arcs["rung"] == "two-body"
    near = slow & (arcs["earth_distance_au"] < NEAR_EARTH_AU)
    free = arcs["dv_total_m_s"] < FREE_M_S
    doubted = arcs["trusted"] == NO if "trusted" in arcs else np.zeros(len(arcs), dtype=bool)
    by_design = arcs["strategy"] == SWINGBY if "strategy" in arcs else free & False
    why = arcs["unconfirmed"] if "unconfirmed" in arcs else pd.Series("", index=arcs.index)
    reasons = {
        "slow flight, Earth's gravity at L2 neglected": slow & (arcs["tof_d"] > FAST_TOF_D),
        "arrival near Earth, encounter neglected": near & (arcs["asteroid_model"] == "kepler"),
        "arrival near Earth, its pull on the craft neglected": near
        & (arcs["asteroid_model"] != "kepler"),
        "two-body figure not valid, Earth's gravity changes it": ~slow
        & two_body_invalid(below, arcs["dv_total_m_s"]),
        **{text: slow & (why == outcome) for outcome, text in UNCONFIRMED.items()},
        "passes Earth or Moon on the way, which the model keeps in one point": arcs["assisted"]
        & ~by_design,
        "burn close to the Earth by design, which the model keeps in one point with the Moon": (
            by_design
        ),
        "asteroid's position on arrival in doubt": doubted,
        "below 20 m/s, free within the model": free,
        "arrives after the craft's last date": arcs["arrival_jd_tdb"] > last,
    }
    parts = [
        pd.DataFrame(
            {
                "designation": arcs.loc[applies, "designation"],
                "kind": arcs.loc[applies, "kind"],
                "text": arcs.loc[applies, "kind"] + ": " + reason,
            }
        )
        for reason, applies in reasons.items()
    ]
    lines = pd.concat(parts).sort_values("kind", kind="stable")
    return lines.groupby("designation", sort=False)["text"].agg("; ".join)
