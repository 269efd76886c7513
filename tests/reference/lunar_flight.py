"""Chang'e 2 past the Moon: its meeting with Toutatis, its orbits, and a second integrator."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from pathlib import Path

import numpy as np
from astropy.time import Time
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicHermiteSpline

from survey import constants
from survey.astro.craft_flow import MOON, body_states, fly_matrix
from survey.catalog import read_snapshot
from survey.constants import DAY_S, GM_SUN_KM3_S2
from survey.ephemeris import heliocentric_state
from survey.transfer import ParkingOrbit
from survey.transfer.ephemerides import build_ephemerides, planets
from survey.transfer.ephemeris_arcs import Meeting, distinct, least_distances
from survey.transfer.ephemeris_parking import ephemeris_parking, julian_date, seconds
from survey.transfer.lunar_swingby import SwingbyArcs

SNAPSHOT = Path(__file__).resolve().parents[2] / "catalogs" / "neo-2021-07-08.ecsv.gz"
FLYBY = Time("2012-12-13T08:30:09", scale="utc").tdb.jd
SIZES = {
    "halo northern": "z 400000 km",
    "halo southern": "z 400000 km",
    "lissajous": "x 250000 km, z 400000 km",
}
ARRIVED, LAST = Time(["2011-08-25", "2012-10-15"]).tdb.jd  # at L2; of the nodes
PHASE_AT = Time("2012-01-01").tdb.jd
OTHERS = ("mercury", "venus", "earth", "moon", "mars", "jupiter", "saturn", "uranus", "neptune")


@cache
def toutatis_met():
    catalog = read_snapshot(SNAPSHOT)
    row = catalog[catalog["designation"] == "4179"]
    where = build_ephemerides(row, FLYBY - 20.0, FLYBY + 20.0).chunk([0])
    r, v = where.states(np.array([FLYBY]))
    return Meeting(float(seconds(FLYBY)), r[0, 0], v[0, 0])


@cache
def orbit(family):
    return ParkingOrbit.from_text(orbit=family, size=SIZES[family])


def parked(family, phase):
    """The natural trajectory of a craft that has a phase on 1 January 2012."""
    return ephemeris_parking(
        planets(), orbit(family), ARRIVED, LAST, phase=phase, phase_jd=PHASE_AT
    )


@cache
def bodies():
    """Heliocentric positions (km) of all bodies by seconds: splines of the ephemeris itself."""
    jd = np.arange(ARRIVED - 5.0, FLYBY + 5.0, 0.05)
    r, v = zip(*(heliocentric_state(body, jd) for body in OTHERS), strict=True)
    return CubicHermiteSpline(seconds(jd), np.stack(r, axis=1), np.stack(v, axis=1))


def flown_again(begin, end, state):
    """Fly by scipy's DOP853 among splines of DE440: nothing of the library's integrator."""
    gm = np.array([getattr(constants, f"GM_{body.upper()}_KM3_S2") for body in OTHERS])
    where = bodies()

    def rates(t, y):
        there = where(t)
        apart = there - y[:3]
        pull = gm / np.linalg.norm(apart, axis=1) ** 3 @ apart
        on_sun = gm / np.linalg.norm(there, axis=1) ** 3 @ there
        sun = -GM_SUN_KM3_S2 * y[:3] / np.linalg.norm(y[:3]) ** 3
        return np.concatenate([y[3:], sun + pull - on_sun])

    scale = np.repeat([1e-6, 1e-12], 3)
    done = solve_ivp(rates, (begin, end), state, method="DOP853", rtol=1e-13, atol=scale)
    return done.y[:, -1]


def misses_flown_again(parking, meeting, arcs, n=0):
    """Distances (km) of arc n from its perilune and from the asteroid, in the second integrator."""
    start = parking.states_at(arcs.begin[n])[0] + np.concatenate([np.zeros(3), arcs.impulse[n]])
    perilune = body_states(planets(), MOON, arcs.perilune[n])[0] + arcs.passage[n]
    at_moon = flown_again(arcs.begin[n], arcs.perilune[n], start)
    at_end = flown_again(arcs.perilune[n], meeting.time, perilune)
    return (
        np.linalg.norm(at_moon[:3] - perilune[:3]), np.linalg.norm(at_end[:3] - meeting.position)
    )  # fmt: skip


def merged(first, second):
    """Arcs of both, the cheapest first."""
    both = SwingbyArcs(
        **{x.name: np.concatenate([getattr(y, x.name) for y in (first, second)])
           for x in fields(SwingbyArcs)}
    )  # fmt: skip
    both = both.pick(np.argsort(both.cost_m_s))
    return both.pick(distinct(both.perilune, both.impulse))


def earth_km(parking, arcs):
    """Least distances from the Earth on the way to the Moon."""
    until = arcs.perilune - 0.2 * DAY_S
    return least_distances(planets(), parking, arcs.begin, arcs.impulse, until)[0]


def km_at_moon_for_one_cm_s(parking, arcs, n=0):
    """By how much 1 cm/s more or less at departure, the worst way, displaces the craft there."""
    start = parking.states_at(arcs.begin[n])
    start[:, 3:] += arcs.impulse[n]
    _, matrix = fly_matrix(planets(), arcs.begin[n], arcs.perilune[n] - DAY_S, start)
    return 1e-5 * np.linalg.norm(matrix[0, :3, 3:], 2)


def day(time):
    return Time(julian_date(time), format="jd", scale="tdb").iso[:10]


def altitude_km(arcs):
    return arcs.perilune_km - constants.RADIUS_MOON_KM
