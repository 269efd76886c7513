"""One flight past the Moon, found, closed and flown again; the study of all phases is beside it.

The craft waits on the northern halo of z 400,000 km, at phase zero on 1 January 2012, and meets
Toutatis when Chang'e 2 did.
"""

from __future__ import annotations

import numpy as np
import pytest
from astropy.time import Time
from lunar_flight import (
    altitude_km,
    day,
    flown_again,
    misses_flown_again,
    orbit,
    parked,
    toutatis_met,
)

from survey.astro.craft_flow import MOON, body_states, fly
from survey.constants import DAY_S, GM_MOON_KM3_S2
from survey.transfer.ephemerides import planets
from survey.transfer.ephemeris_arcs import direct_arcs, distinct, least_distances
from survey.transfer.ephemeris_parking import ephemeris_parking, julian_date, seconds
from survey.transfer.lunar_search import SOFT_KM, far_from_moon, onward_legs
from survey.transfer.lunar_swingby import offer, search_swingbys

FIRST, LAST = (float(seconds(jd)) for jd in Time(["2012-03-01", "2012-10-01"]).tdb.jd)


@pytest.fixture(scope="module")
def parking():
    return parked("halo northern", 0.0)


@pytest.fixture(scope="module")
def legs():
    start = seconds(Time("2012-07-01").tdb.jd)
    times = start + DAY_S * np.arange(4.0)
    return times, onward_legs(planets(), toutatis_met(), times, starts=25)


@pytest.fixture(scope="module")
def found(parking, legs):
    return search_swingbys(
        planets(), parking, toutatis_met(), *legs, first=FIRST, last=FIRST + 9.0 * DAY_S,
        directions=12, starts=60,
    )  # fmt: skip


def test_the_parking_orbit_is_a_trajectory_near_the_halo(parking):
    assert parking.shift_km < 10_000.0
    assert parking.shift_m_s < 4.0
    begin, end = parking.times[[12, 15]]
    state = flown_again(begin, end, parking.states[12])
    assert np.linalg.norm(state[:3] - parking.states[15, :3]) < 1.0
    assert np.linalg.norm(state[3:] - parking.states[15, 3:]) < 1e-6
    # Between nodes it does not matter from which one it is flown.
    middle = 0.5 * (parking.times[13] + parking.times[14])
    by_either = fly(planets(), parking.times[13:15], middle, parking.states[13:15])
    assert np.abs(parking.states_at(middle) - by_either).max() < 0.1
    with pytest.raises(ValueError, match="ask for it over a longer span"):
        parking.states_at(parking.times[-1] + 20.0 * DAY_S)


def test_an_orbit_too_far_from_natural_is_refused():
    halo, jd = orbit("halo northern"), Time("2012-01-01").tdb.jd
    wrong = halo.at_phase_zero(None)
    object.__setattr__(wrong, "mass_ratio", 0.05)  # no orbit of any of the real bodies
    wrong.__dict__["orbit"] = halo.orbit
    with pytest.raises(ValueError, match="no trajectory among the real bodies"):
        ephemeris_parking(planets(), wrong, jd, jd + 200.0, phase=0.0, phase_jd=jd)


def test_legs_from_the_softened_moon_lead_to_the_asteroid(legs):
    meeting = toutatis_met()
    for time, velocities in zip(*legs, strict=True):
        assert len(velocities) >= 2
        states = body_states(planets(), MOON, time) + np.pad(velocities, ((0, 0), (3, 0)))
        end = fly(planets(), time, meeting.time, states, soft_km=SOFT_KM)
        assert np.abs(end[:, :3] - meeting.position).max() < 200.0
        far = np.linalg.norm(far_from_moon(velocities), axis=1)
        speed = np.linalg.norm(velocities, axis=1)
        assert far**2 == pytest.approx(speed**2 - 2.0 * GM_MOON_KM3_S2 / SOFT_KM)


def test_the_flight_past_the_moon_in_july(found, parking):
    meeting, best = toutatis_met(), found.pick([0])
    assert best.cost_m_s[0] == pytest.approx(41.5, abs=0.3)
    assert abs(best.begin[0] - seconds(Time("2012-03-04").tdb.jd)) < 2.0 * DAY_S
    assert day(best.perilune[0]) == "2012-07-03"
    assert altitude_km(best)[0] == pytest.approx(465.0, abs=15.0)
    assert np.linalg.norm(best.arrival[0]) == pytest.approx(11.15, abs=0.02)
    # Without a burn at the Moon: as fast after as before, and the least distance between.
    before, after = best.incoming[0], best.outgoing[0]
    assert np.linalg.norm(before) == pytest.approx(np.linalg.norm(after), abs=1e-6)
    assert best.passage[0, :3] @ best.passage[0, 3:] == pytest.approx(0.0, abs=1e-6)
    assert np.all(np.diff(found.cost_m_s) >= 0.0)
    assert best.gap_km[0] < 0.5
    assert best.miss_km[0] < 1.0
    to_moon, to_end = misses_flown_again(parking, meeting, found)
    assert to_moon < 2.0
    assert to_end < 20.0


def test_what_it_saves(found, parking):
    # The direct arc of April costs this craft 276 m/s; 36 of its days are searched here.
    april = {"first": FIRST + 32.0 * DAY_S, "last": FIRST + 68.0 * DAY_S}
    direct = direct_arcs(planets(), parking, toutatis_met(), starts=12, **april)
    cost = 1e3 * np.linalg.norm(direct[:, 1:], axis=1)
    assert cost[0] == pytest.approx(276.4, abs=1.0)
    assert np.all(np.diff(cost) >= 0.0)
    earth, moon = least_distances(
        planets(), parking, direct[:, 0], direct[:, 1:], toutatis_met().time
    )
    assert earth.min() > 400_000.0
    assert moon.min() > 100_000.0
    start = parking.states_at(direct[0, 0])[0] + np.pad(direct[0, 1:], (3, 0))
    end = flown_again(direct[0, 0], toutatis_met().time, start)
    assert np.linalg.norm(end[:3] - toutatis_met().position) < 5.0
    assert found.cost_m_s[0] < 0.2 * cost[0]


def test_the_neighbouring_phase_learns_from_it(found):
    next_one = parked("halo northern", 1.0 / 36.0)
    days = orbit("halo northern").period_days / 36.0
    shown = found.pick(slice(0, 2))
    offered = offer(
        planets(), next_one, toutatis_met(), shown, (0.0, -days), first=FIRST, last=LAST
    )
    assert len(offered)
    assert offered.cost_m_s[0] < 60.0
    to_moon, to_end = misses_flown_again(next_one, toutatis_met(), offered)
    assert to_moon < 5.0
    assert to_end < 20.0


def test_who_leaves_too_late_finds_nothing(parking, legs):
    late = seconds(Time("2012-06-28").tdb.jd)
    arcs = search_swingbys(
        planets(), parking, toutatis_met(), *legs, first=late, last=late + DAY_S, starts=5
    )
    assert len(arcs) == 0
    assert len(offer(planets(), parking, toutatis_met(), arcs, 0.0, first=FIRST, last=LAST)) == 0


def test_rows_that_repeat_an_earlier_one():
    dates = DAY_S * np.array([1.0, 1.1, 3.0, 1.2])
    impulses = np.array([[0.01, 0, 0], [0.0101, 0, 0], [0.01, 0, 0], [0.02, 0, 0]])
    assert distinct(dates, impulses).tolist() == [0, 2, 3]
    assert julian_date(seconds(2456000.5)) == pytest.approx(2456000.5, abs=1e-9)
