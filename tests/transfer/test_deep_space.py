"""Arcs with a manoeuvre in deep space: it pays where the primer says so, and they close."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from astropy.time import Time
from detour_flights import fly_about_planet

from survey.astro.shooting_optimum import optimise_arcs
from survey.astro.two_body_start import lambert_arcs
from survey.constants import AU_KM
from survey.transfer import ParkingOrbit
from survey.transfer.deep_space import (
    PLAN,
    insert_impulses,
    primer_of,
    primer_of_legs,
    search_deep_space,
)
from survey.transfer.drifts import make_coasts, price_drifts
from survey.transfer.ephemerides import build_ephemerides
from survey.transfer.three_body import span_of
from survey.transfer.three_body_found import ASSIST_KM, take
from survey.transfer.three_body_model import DAY, SearchWindow, make_model
from survey.transfer.three_body_track import Track, make_tracks, problem_of


@pytest.fixture(scope="module")
def window():
    return SearchWindow(*Time(["2027-06-01", "2028-03-01"]).tdb.jd, 60.0, 500.0, 500.0, 1500.0)


@pytest.fixture(scope="module")
def halo():
    return ParkingOrbit.from_text(orbit="halo northern", size="jacobi 3.0007124352932899")


@pytest.fixture(scope="module")
def model(halo, window):
    return make_model(halo, window)


@pytest.fixture(scope="module")
def track(catalog, model, window):
    rows = catalog[catalog["designation"] == "2000 SG344"]
    states = build_ephemerides(rows, *span_of(window)).chunk(slice(0, 1))
    return next(iter(make_tracks(model, window, states)))


@pytest.fixture(scope="module")
def single(model, window, track):
    """Arcs of two impulses, their dates optimised, from two-body starts."""
    first, last = model.anomaly_at(np.array([window.first_jd, window.last_jd]))
    begin, tof, phase = (
        grid.ravel()
        for grid in np.meshgrid(
            np.linspace(first, last, 10), np.arange(120, 480, 30) * DAY, np.arange(6) / 6
        )
    )
    craft, goal = model.parking_states(begin, phase), track.at(begin + tof)
    mu, e = model.mass_ratio, model.eccentricity
    leave, arrive = lambert_arcs(mu, e, begin, craft[:, :3], begin + tof, goal[:, :3])
    price = np.linalg.norm(leave - craft[:, 3:], axis=1)
    price += np.linalg.norm(goal[:, 3:] - arrive, axis=1)
    best = np.argsort(price)[:16]
    arcs = optimise_arcs(
        problem_of(model, [track], np.zeros(len(best), np.int64)),
        begin[best], (begin + tof)[best], phase[best], leave[best],
        rendezvous=True, free_phase=True,
        begin_bounds=(float(first), float(last)),
        tof_bounds=(window.tof_min_d * DAY, window.tof_max_d * DAY),
    )  # fmt: skip
    assert np.isfinite(arcs.cost).sum() > 3
    return take(arcs, np.isfinite(arcs.cost))


@pytest.fixture(scope="module")
def inserted(model, window, track, single):
    (found,) = insert_impulses(model, window, [track], [single], kind="rendezvous")
    return found


def test_an_impulse_is_inserted_only_where_the_primer_exceeds_one(
    model, window, track, single, inserted
):
    longest = primer_of(model, single, kind="rendezvous").peak()[1]
    np.testing.assert_allclose(inserted.primer, longest, rtol=1e-12)
    assert inserted.arcs.tried == 2 * np.sum(longest > 1.001)


def test_inserting_an_impulse_lowers_the_total(model, single, inserted):
    arcs = inserted.arcs
    assert len(arcs.total_m_s)
    assert arcs.total_m_s[0] < single.cost.min() * model.mean_speed_m_s - 1.0
    assert (arcs.legs.miss <= 1e-9).all()
    parts = arcs.departure_m_s + arcs.middle_m_s + arcs.arrival_m_s
    np.testing.assert_allclose(arcs.total_m_s, parts, rtol=1e-12)


def test_no_impulse_is_inserted_into_arcs_that_it_cannot_help(model, window, track, single):
    # The flyby's primer ends at zero; where it falls from one all the way, nothing is tried.
    history = primer_of(model, single, kind="flyby")
    np.testing.assert_allclose(history.size[:, 0], 1.0, rtol=0, atol=1e-9)
    assert history.size[:, -1].max() < 1e-6
    calm = np.flatnonzero(history.peak()[1] <= 1.001)
    assert len(calm) < len(single.cost)  # or the test above would have had nothing to do
    (none,) = insert_impulses(model, window, [track], [take(single, calm)], kind="flyby")
    assert (len(none.arcs.total_m_s), none.arcs.tried) == (0, 0)


@pytest.fixture(scope="module")
def drifted(model, window, track):
    coasts = make_coasts(model, window)
    assert len(coasts.begin) > 1000
    (found,) = search_deep_space(model, coasts, window, [track], kind="rendezvous", starts=16)
    return found


def test_drifts_are_closed_and_within_bounds(model, window, drifted):
    assert len(drifted.total_m_s)
    assert drifted.converged == drifted.tried == 16
    assert (drifted.legs.miss <= 1e-9).all()
    assert drifted.total_m_s.max() <= window.rendezvous_m_s
    assert (drifted.begin_jd < drifted.middle_jd).all()
    assert (drifted.middle_jd < drifted.end_jd).all()
    assert (drifted.earth_km >= ASSIST_KM).all()
    assert drifted.total_m_s[0] < 800.0


def test_an_arc_flown_by_another_integrator(model, track, drifted):
    mu, e, legs = model.mass_ratio, model.eccentricity, drifted.legs
    craft = model.parking_states(legs.begin[:1], legs.phase[:1])[0]
    leg = np.concatenate([craft[:3], legs.leave[0]])
    there = fly_about_planet(mu, e, leg, legs.begin[0], legs.middle[0])
    # Closed to 150 m, and the instability multiplies what the integrators differ by, 1e-12.
    assert np.linalg.norm(there[:3] - legs.node[0]) * AU_KM < 20.0
    leg = np.concatenate([legs.node[0], legs.after[0]])
    there = fly_about_planet(mu, e, leg, legs.middle[0], legs.end[0])
    goal = track.at(legs.end[:1])[0]
    assert np.linalg.norm(there[:3] - goal[:3]) * AU_KM < 20.0
    stop = np.linalg.norm(goal[3:] - there[3:]) * model.speed_m_s(legs.end[:1])[0]
    assert stop == pytest.approx(drifted.arrival_m_s[0], abs=0.01)
    push = np.linalg.norm(legs.leave[0] - craft[3:]) * model.speed_m_s(legs.begin[:1])[0]
    assert push == pytest.approx(drifted.departure_m_s[0], abs=1e-6)


def test_no_insertion_is_dearer_than_the_arc_it_comes_from(model, window, track, single):
    # One parent at a time, so that none can hide behind a cheaper one.
    longest = primer_of(model, single, kind="rendezvous").peak()[1]
    gains = 0
    for row in np.flatnonzero(longest > 1.001)[:6]:
        parent = take(single, np.array([row]))
        (found,) = insert_impulses(
            model, window, [track], [parent], kind="rendezvous", plan=replace(PLAN, then=12)
        )
        cost = parent.cost[0] * model.mean_speed_m_s
        assert (found.arcs.total_m_s < cost).all()
        gains += len(found.arcs.total_m_s) > 0
    assert gains >= 3


def test_asteroids_searched_together_fare_as_well_as_alone(model, window, track):
    coasts = make_coasts(model, window)
    nowhere = Track(track.first, track.step, np.full_like(track.states, np.nan))
    (alone,) = search_deep_space(model, coasts, window, [track], kind="rendezvous", starts=6)
    one, none, two = search_deep_space(
        model, coasts, window, [track, nowhere, track], kind="rendezvous", starts=6
    )
    assert len(alone.total_m_s)
    for other in (one, two):
        np.testing.assert_allclose(other.total_m_s[0], alone.total_m_s[0], rtol=1e-3)
        assert (other.tried, other.converged) == (alone.tried, alone.converged)
    assert (len(none.total_m_s), none.tried) == (0, 0)


def test_estimates_are_two_body_arcs_that_end_at_the_asteroid(model, window, track):
    coasts = make_coasts(model, window)
    (priced,) = price_drifts(model, coasts, window, [track], kind="rendezvous", count=24)
    assert len(priced.rows) == 24
    mu, e, chosen = model.mass_ratio, model.eccentricity, coasts.take(priced.rows)
    goal = track.at(priced.ends)
    best = np.full(24, np.inf)
    for revs, low in ((0, True), (1, True), (1, False)):
        leave, arrive = lambert_arcs(
            mu, e, chosen.middle, chosen.state[:, :3], priced.ends, goal[:, :3], revs=revs,
            low_path=low,
        )  # fmt: skip
        price = np.linalg.norm(chosen.impulse, axis=1) * model.speed_m_s(chosen.begin)
        price += np.linalg.norm(leave - chosen.state[:, 3:], axis=1) * model.speed_m_s(
            chosen.middle
        )
        price += np.linalg.norm(goal[:, 3:] - arrive, axis=1) * model.speed_m_s(priced.ends)
        best = np.fmin(best, price)
    # The one of these arcs that was chosen at a rounded time is the cheapest at the exact one, too,
    # but for ties.
    assert (priced.cost > best - 1e-3).all()
    assert (priced.cost < best + 1e-3).sum() > 20
    whole = (priced.ends - chosen.begin) / DAY
    assert whole.max() <= window.tof_max_d + 10.0  # angles, which the ellipse stretches
    # Nobody has passed the Earth on the way to where the estimate begins.
    for k in range(0, 24, 6):
        start = np.concatenate(
            [
                model.parking_states(chosen.begin[k : k + 1], chosen.phase[k : k + 1])[0, :3],
                chosen.leave[k],
            ]
        )
        for f in np.linspace(chosen.begin[k] + 0.02, chosen.middle[k], 12):
            path = fly_about_planet(mu, e, start, chosen.begin[k], f)
            assert np.linalg.norm(path[:3] - [1 - mu, 0, 0]) * AU_KM > ASSIST_KM


def test_the_primer_of_three_impulses_is_one_at_each_and_nowhere_much_longer(model, inserted):
    # Of an impulse near nothing the direction, and with it the primer, is not worth much.
    felt = inserted.arcs.legs.sizes.min(axis=1) * model.mean_speed_m_s > 5.0
    assert felt.sum() >= 3
    longest = primer_of_legs(model, inserted.arcs.legs.take(felt), kind="rendezvous")
    # Looked at between the impulses, at each of which it is one by definition.
    assert (np.sort(longest)[:3] < 1.05).all()
    assert longest.min() > 0.97
