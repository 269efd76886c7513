"""What the report says: tables and sentences as plain text, for the template to set."""

from __future__ import annotations

import math
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd

from survey.astro.accessibility import diameter_km
from survey.constants import AU_KM, MASS_RATIO_SUN_EARTH_MOON
from survey.report.porkchop import full_name
from survey.run import Run, calendar_date
from survey.transfer.ranking import as_ranked
from survey.transfer.ranking_flags import FREE_M_S
from survey.transfer.spacecraft import Spacecraft
from survey.transfer.strategy_names import SINGLE

DASH = "–"
ALBEDO_BRIGHT, ALBEDO_DARK = 0.25, 0.05  # the span of most near-Earth asteroids
TABLE_ROWS = 20
MOST_NAMED = 40  # of the asteroids left out for one reason


def number(value: Any, decimals: int = 0) -> str:
    """Write a number with fixed decimals; a dash where there is none."""
    if value is None or pd.isna(value) or not math.isfinite(float(value)):
        return DASH
    return f"{float(value):,.{decimals}f}"


def metres(dv_m_s: Any) -> str:
    """Write a delta-v in whole m/s; below `FREE_M_S` the digits would mean nothing."""
    return f"<{FREE_M_S:.0f}" if not pd.isna(dv_m_s) and dv_m_s < FREE_M_S else number(dv_m_s)


def breadth(days: Any) -> str:
    """Write a window's breadth in whole days; below one day the digits would mean nothing."""
    return "<1" if not pd.isna(days) and float(days) < 1.0 else number(days)


def uncertainty(sigma_km: Any, doubt: str) -> str:
    """Write how uncertain a position is, in thousands of km, two digits; "lost" beyond 1 au."""
    if not pd.isna(sigma_km):
        km = float(sigma_km)
        return "lost" if km > AU_KM else f"{_two_digits(max(km, 1.0)) / 1000.0:,g}"
    return "lost" if "not known" in doubt else DASH


def diameter_range_m(H_mag: Any) -> str:
    """Give the diameters that an absolute magnitude allows, in metres, to two digits.

    Albedo 0.25 gives the smaller and 0.05 the larger, D = 1329 km / sqrt(p) * 10^(-H/5).
    """
    if H_mag is None or pd.isna(H_mag):
        return DASH
    ends = [1000.0 * float(diameter_km(float(H_mag), p)) for p in (ALBEDO_BRIGHT, ALBEDO_DARK)]
    return "–".join(f"{_two_digits(end):,g}" for end in ends)


def _two_digits(value: float) -> float:
    return round(value, 1 - math.floor(math.log10(value)))


def of_kind(ranking: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Ranked rows of one kind, cheapest first; see `survey.transfer.as_ranked`."""
    frame = as_ranked(ranking, kind)
    return frame[frame["dv_m_s"].notna()]


def ranking_rows(
    ranking: pd.DataFrame, kind: str, cautions: dict[str, str], *, rows: int = TABLE_ROWS
) -> list[dict[str, Any]]:
    """Rows of a ranking table, every cell as text, with `inside` telling the affordable ones.

    `cautions` maps a reason for caution to the letter that stands for it; new reasons are added.
    """
    out = []
    for row in of_kind(ranking, kind).head(rows).to_dict("records"):
        out.append(
            {
                "rank": number(row["rank"]),
                "name": full_name(row["designation"], row["name"]),
                "dv": metres(row["dv_m_s"]),
                "two_body": metres(row["two_body_dv_m_s"]),
                "dv_departure": number(row["dv_departure_m_s"]),
                "dv_arrival": number(row["dv_m_s"] - row["dv_departure_m_s"]),
                "departure": calendar_date(row["departure_jd_tdb"]),
                "arrival": calendar_date(row["arrival_jd_tdb"]),
                "tof": number(row["tof_d"]),
                "v_relative": number(row["v_relative_km_s"], 2),
                "breadth": breadth(row["breadth_d"]),
                "H": number(row["H_mag"], 1),
                "diameter": diameter_range_m(row["H_mag"]),
                "uncertain": uncertainty(row["sigma_km"], str(row["doubt"])),
                "inside": bool(row["within_budget"]),
                "caution": " ".join(_letters(row["flags"], kind, cautions)),
            }
        )
    return out


def _letters(flags: str, kind: str, cautions: dict[str, str]) -> list[str]:
    own = []
    for flag in filter(None, flags.split("; ")):
        of, _, reason = flag.partition(": ")
        if of in ("flyby", "rendezvous") and of != kind:
            continue
        reason = reason if of == kind else flag
        letter = "abcdefghijklmnopqrstuvwxyz"[min(len(cautions), 25)]
        own.append(cautions.setdefault(reason, letter))
    return sorted(set(own))


def caution_text(flags: str) -> str:
    """Reasons for caution of one asteroid, each once, with the kinds that it concerns."""
    kinds: dict[str, list[str]] = {}
    for flag in filter(None, flags.split("; ")):
        of, colon, reason = flag.partition(": ")
        if colon and of in ("flyby", "rendezvous"):
            kinds.setdefault(reason, []).append(of)
        else:
            kinds.setdefault(flag, [])
    return "; ".join(
        f"{reason} ({' and '.join(of)})" if of else reason for reason, of in kinds.items()
    )


def top_targets(ranking: pd.DataFrame, count: int) -> list[str]:
    """Choose the asteroids that get a page: the best flyby, the best rendezvous, the next ...

    Taking turns gives both questions their pages; an asteroid that heads both lists has one.
    """
    lists = [of_kind(ranking, kind)["designation"].tolist() for kind in ("flyby", "rendezvous")]
    chosen: dict[str, None] = {}
    for place in range(max((len(one) for one in lists), default=0)):
        for one in lists:
            if place < len(one) and len(chosen) < count:
                chosen.setdefault(one[place])
    return list(chosen)


def answer(ranking: pd.DataFrame, spacecraft: Spacecraft, total: int) -> list[str]:
    """Three sentences: how many of `total` are within reach, the best flybys and rendezvous."""
    budget = float(spacecraft.budget.to_value(u.m / u.s))
    if total == 0:
        return ["The catalogue of this run holds no asteroid, so there is nothing to rank."]
    if ranking.empty:
        return [
            f"None of the {total:,} asteroids searched is reached by any arc on this grid of dates "
            "and flight times, at any Δv; a wider grid may hold some."
        ]
    last = calendar_date(spacecraft.last_date.tdb.jd)
    inside = {kind: int(ranking[f"{kind}_within_budget"].sum()) for kind in ("flyby", "rendezvous")}
    passed, met = (f"{inside[kind]:,}" if inside[kind] else "none" for kind in inside)
    if total == 1:
        passed, met = ("can" if inside[kind] else "cannot" for kind in inside)
        reach = f"the one asteroid searched {passed} be passed at close range (flyby) and {met} be"
    else:
        reach = (
            f"{passed} of the {total:,} asteroids searched can be passed at close range (flyby) "
            f"and {met} can be"
        )
    nbsp = "\N{NO-BREAK SPACE}"
    first = (
        f"With {budget:.0f}{nbsp}m/s to spend and arrival by {last}, {reach} met and accompanied "
        f"(rendezvous), {_limits(ranking)}."
    )
    rest = [_best_sentence(of_kind(ranking, kind), kind, budget) for kind in inside]
    return [first, *rest]


def _limits(ranking: pd.DataFrame) -> str:
    """Say in whose eyes the first sentence is true."""
    if set(ranking["fidelity"]) & {"three-body", "mixed"}:
        return "at the best phase of the waiting orbit where its phase is not known"
    return "as far as two-body arcs can tell"


def _best_sentence(frame: pd.DataFrame, kind: str, budget: float) -> str:
    if frame.empty:
        return f"No {kind} was found on this grid of dates and flight times."
    best = frame.iloc[0]
    gap = float(best["dv_m_s"]) - budget
    short = f", {gap:.0f}\N{NO-BREAK SPACE}m/s more than the budget" if gap > 0 else ""
    late = "" if gap > 0 or bool(best["within_budget"]) else ", too late for the craft"
    how = (
        f"passing at {number(best['v_relative_km_s'], 1)}\N{NO-BREAK SPACE}km/s"
        if kind == "flyby"
        else _impulses(best)
    )
    way = str(best["strategy"])
    if way and way != SINGLE:
        how += f", by {'an' if way[0] in 'aeiou' else 'a'} {way}"
    tied = int((frame["dv_m_s"] < FREE_M_S).sum())
    first = (
        f"Of {tied} that cost nothing within the model, the first {kind}"
        if tied > 1
        else (f"The cheapest {kind}")
    )
    text = (
        f"{first} is {full_name(best['designation'], best['name'])} for "
        f"{metres(best['dv_m_s'])}\N{NO-BREAK SPACE}m/s{short}{late}: "
        f"departure {calendar_date(best['departure_jd_tdb'])}, "
        f"arrival {calendar_date(best['arrival_jd_tdb'])} after {number(best['tof_d'])} days, {how}"
    )
    after = [
        f"{full_name(row['designation'], row['name'])} "
        f"({metres(row['dv_m_s'])}\N{NO-BREAK SPACE}m/s)"
        for row in frame.iloc[1:3].to_dict("records")
    ]
    return text + (f"; next come {' and '.join(after)}." if after else ".")


def _impulses(best: pd.Series) -> str:
    """Write the impulses of a rendezvous one after the other."""
    middle = best["three_body_dv_middle_m_s"] if best["fidelity"] == "three-body" else 0.0
    middle = 0.0 if pd.isna(middle) else float(middle)
    stop = best["dv_m_s"] - best["dv_departure_m_s"] - middle
    nbsp = "\N{NO-BREAK SPACE}"
    on_the_way = f"{number(middle)}{nbsp}m/s on the way, " if middle else ""
    glue = "," if middle else " and"
    return (
        f"{number(best['dv_departure_m_s'])}{nbsp}m/s to leave{glue} {on_the_way}"
        f"{number(stop)}{nbsp}m/s to stop"
    )


def window_rows(transfers: pd.DataFrame, designation: str) -> list[dict[str, str]]:
    """Rows of the windows of one asteroid, flybys first, every cell as text."""
    own = transfers[transfers["designation"] == designation].sort_values(["kind", "window"])
    return [
        {
            "kind": row["kind"],
            "window": str(row["window"]),
            "departure": calendar_date(row["departure_jd_tdb"]),
            "arrival": calendar_date(row["arrival_jd_tdb"]),
            "tof": number(row["tof_d"]),
            "revs": str(row["revs"]),
            "dv_departure": number(row["dv_departure_m_s"]),
            "dv_arrival": DASH if row["kind"] == "flyby" else number(row["dv_arrival_m_s"]),
            "dv": metres(row["dv_total_m_s"]),
            "v_relative": number(row["v_relative_km_s"], 2),
            "breadth": breadth(row["breadth_d"]),
            "sun": number(row["sun_distance_au"], 3),
            "earth": number(row["earth_distance_au"], 3),
            "phase": number(row["approach_phase_deg"]),
        }
        for row in own.to_dict("records")
    ]


def facts(asteroid: pd.Series, ranked: pd.Series) -> list[list[str]]:
    """Pairs of label and value: what the catalogue knows of one asteroid, and its places."""
    a, e = float(asteroid["a_au"]), float(asteroid["e"])
    alias = str(asteroid["provisional"])
    code, arc = str(asteroid["condition_code"]), str(asteroid["arc"])
    return [
        ["flyby rank", number(ranked["flyby_rank"])],
        ["rendezvous rank", number(ranked["rendezvous_rank"])],
        ["orbit class", str(asteroid["orbit_class"]) or DASH],
        ["provisional name", DASH if alias == asteroid["designation"] else alias or DASH],
        ["absolute magnitude H", number(asteroid["H_mag"], 2)],
        ["diameter, m", diameter_range_m(asteroid["H_mag"])],
        ["semi-major axis, au", number(a, 4)],
        ["eccentricity", number(e, 4)],
        ["inclination, deg", number(asteroid["i_deg"], 2)],
        ["perihelion – aphelion, au", f"{a * (1 - e):.3f} – {a * (1 + e):.3f}"],
        ["orbit epoch", calendar_date(float(asteroid["epoch_jd_tdb"]), scale="tdb")],
        ["uncertainty U; arc", f"{code or DASH}; {arc or DASH}"],
    ]


def positions(ranked: pd.Series) -> list[str]:
    """Say, for each kind, how far the asteroid's position on arrival can be believed."""
    told: dict[str, list[str]] = {}
    for kind in ("flyby", "rendezvous"):
        if not ranked[f"{kind}_trusted"]:
            continue
        doubt, near = str(ranked[f"{kind}_doubt"]), ranked[f"{kind}_earth_pass_au"]
        parts = [doubt or "nothing speaks against it"]
        text = uncertainty(ranked[f"{kind}_sigma_km"], doubt)
        if text not in (DASH, "lost") and "uncertain by" not in doubt:
            parts.append(f"uncertain by {text} thousand km")
        if not pd.isna(near) and "passes the Earth" not in doubt:
            day = calendar_date(float(ranked[f"{kind}_earth_pass_jd_tdb"]))
            parts.append(f"nearest pass by Earth {float(near):.4f} au on {day}")
        told.setdefault("; ".join(parts), []).append(kind)
    return [f"{text} ({' and '.join(kinds)})" for text, kinds in told.items()]


def left_out(provenance: dict[str, Any]) -> list[dict[str, str]]:
    """Who is missing from the tables, and why: ``names`` and ``reason``, a row per reason."""
    rows = []
    for one in provenance.get("left_out", []):
        named = one["asteroids"][:MOST_NAMED]
        more = one["count"] - len(named)
        names = ", ".join(named) + (f" and {more:,} more" if more else "")
        rows.append({"names": names, "reason": one["reason"], "count": f"{one['count']:,}"})
    return rows


def choices(run: Run, cells: tuple[int, int], *, three_body: bool) -> list[list[str]]:
    """Pairs of label and value: what was asked of the search."""
    phase = "unknown" if run.phase_zero is None else calendar_date(run.phase_zero.tdb.jd)
    orbit = run.orbit_name if run.orbit == "point" else f"{run.orbit_name}, {run.size}"
    limits = [
        f"{one.to_value(u.m / u.s):,.0f}" for one in (run.flyby_budget, run.rendezvous_budget)
    ]
    above = [
        ["waiting orbit", f"{orbit}; at phase zero: {phase}"],
        ["searched up to", f"{limits[0]} m/s for a flyby, {limits[1]} m/s for a rendezvous"],
    ]
    return [
        ["waiting place", f"Sun–Earth {run.point}, mass ratio {MASS_RATIO_SUN_EARTH_MOON:.5e}"],
        *(above if three_body else []),
        [
            "departures",
            f"{calendar_date(run.departure_from.tdb.jd)} to "
            f"{calendar_date(run.departure_to.tdb.jd)}, every {_days(run.departure_step)} "
            f"({cells[0]:,} dates)",
        ],
        [
            "times of flight",
            f"{_days(run.tof_min)} to {_days(run.tof_max)}, every {_days(run.tof_step)} "
            f"({cells[1]:,} values)",
        ],
        ["revolutions", f"up to {run.max_revolutions}"],
        [
            "asteroids",
            "on undisturbed ellipses" if run.asteroids == "kepler" else "moved among the planets",
        ],
    ]


def craft(spacecraft: Spacecraft) -> list[list[str]]:
    """Pairs of label and value: what the budget rests on."""
    budget, reserve = (
        float(one.to_value(u.m / u.s)) for one in (spacecraft.budget, spacecraft.reserve)
    )
    return [
        ["mass now, propellant included", f"{spacecraft.mass.to_value(u.kg):,.0f} kg"],
        ["usable propellant", f"{spacecraft.propellant.to_value(u.kg):,.0f} kg"],
        ["specific impulse", f"{spacecraft.isp.to_value(u.s):,.0f} s"],
        ["reserve, kept back", f"{reserve:,.0f} m/s"],
        ["last date of operation", calendar_date(spacecraft.last_date.tdb.jd)],
        ["budget for a transfer", f"{budget:,.0f} m/s"],
    ]


def _days(quantity: u.Quantity) -> str:
    return f"{np.round(quantity.to_value(u.d), 6):g} d"


def provenance_rows(provenance: dict[str, Any], digests: dict[str, str]) -> list[list[str]]:
    """Pairs of label and value: the header of the transfers table, and the files read."""
    names = {
        "program": "program", "version": "program version", "snapshot": "catalogue snapshot",
        "snapshot_sha256": "its SHA-256", "run_digest": "digest of the run's choices",
    }  # fmt: skip
    known = [[names[key], str(provenance[key])] for key in names if key in provenance]
    rest = [
        [key.replace("_", " "), value if isinstance(value, str) else str(value)]
        for key, value in sorted(provenance.items())
        if key not in (*names, "left_out")
    ]
    return known + rest + [[f"SHA-256 of {name}", digest] for name, digest in digests.items()]
