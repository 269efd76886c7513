"""Dates moved to the least impulse: the slopes against differences, and the bargains kept."""

from __future__ import annotations

import numpy as np
import pytest
from orbit_samples import L2_NORTHERN, printed_orbit

from survey.astro import arc_slopes
from survey.astro.arc_problem import Problem
from survey.astro.er3bp import propagate_er3bp
from survey.astro.forced_torus import natural_torus
from survey.astro.pulsating import speed_scale
from survey.astro.shooting import fly
from survey.astro.shooting_optimum import close, optimise_arcs
from survey.constants import MASS_RATIO_SUN_EARTH_JPL as MU

M_S = 1 / 29_784.7
ECCENTRICITIES = [0.0, 0.0167]
COUNT = 8


class Case:
    """Arcs of a known impulse to asteroids that drift past their ends."""

    def __init__(self, e):
        rng = np.random.default_rng(5)
        halo = printed_orbit(*L2_NORTHERN)
        self.e, self.period = e, halo.period
        self.torus = natural_torus(MU, e, halo.state, halo.period)
        drawn = 5 * COUNT
        begin, phase = rng.uniform(0, 10, drawn), rng.uniform(0, 1, drawn)
        end = begin + rng.uniform(2.0, 4.0, drawn)
        craft = self.departure(None, begin, phase)
        arrow = rng.normal(size=(drawn, 3))
        arrow *= rng.uniform(60, 300, (drawn, 1)) * M_S / np.linalg.norm(arrow, axis=1)[:, None]
        leaving = craft + np.concatenate([np.zeros((drawn, 3)), arrow], axis=1)
        middle, _ = propagate_er3bp(MU, e, leaving, begin, 0.5 * (begin + end))
        there, _ = propagate_er3bp(MU, e, leaving, begin, end)
        # Outbound arcs: one that swings by the Earth has no slopes that differences could show.
        plain = np.flatnonzero((middle[:, 0] > 1.005) & (there[:, 0] > 1.01))[:COUNT]
        assert len(plain) == COUNT
        self.begin, self.end, self.phase = begin[plain], end[plain], phase[plain]
        self.velocity, self.there = leaving[plain, 3:], there[plain]
        self.there[:, 3:] += rng.normal(size=(COUNT, 3)) * 2000 * M_S  # the asteroid's own
        self.met = self.end.copy()

    def departure(self, _, anomaly, phase):
        return self.torus.states(phase, anomaly)

    def target(self, index, anomaly):
        # A free body is what the slopes take for granted: flown, not drawn.
        found, _ = propagate_er3bp(MU, self.e, self.there[index], self.met[index], anomaly)
        return found

    def price(self, dates, velocity, rendezvous):
        return close(
            self.problem, np.arange(COUNT), dates, velocity, rendezvous=rendezvous, iterations=25
        )

    @property
    def problem(self):
        return Problem(MU, self.e, self.departure, self.target, self.period)

    def optimise(self, **settings):
        return optimise_arcs(
            self.problem, self.begin, self.end, self.phase, self.velocity, **settings
        )  # fmt: skip


@pytest.fixture(scope="module", params=ECCENTRICITIES)
def case(request):
    return Case(request.param)


def residual(arcs, rendezvous):
    """What is squared and summed, written out again."""
    if not rendezvous:
        return arcs.departure_impulse
    parts = []
    for impulse in (arcs.departure_impulse, arcs.arrival_impulse):
        size = np.sqrt((impulse**2).sum(1) + arc_slopes.FLOOR**2)
        parts.append(impulse / np.sqrt(size)[:, None])
    return np.concatenate(parts, axis=1)


@pytest.mark.parametrize("rendezvous", [False, True])
def test_slopes_are_those_of_arcs_closed_again(case, rendezvous):
    dates = np.stack([case.begin, case.end, case.phase], axis=1)
    here = case.price(dates, case.velocity, rendezvous)
    assert np.isfinite(here.cost).all()
    craft = case.departure(None, here.begin, here.phase)
    leaving = np.concatenate([craft[:, :3], here.velocity], axis=1)
    _, phi = fly(MU, case.e, leaving, here.begin, here.end, True)
    slopes, value, drift = arc_slopes.slopes_of(
        case.problem, np.arange(COUNT), here, phi, rendezvous=rendezvous, free_phase=True
    )
    assert np.allclose(value, residual(here, rendezvous), atol=1e-15)
    step = 1e-5
    for k in range(3):
        move = np.zeros(3)
        move[k] = step
        if k == 0:
            move[2] = step / case.period  # the craft goes on along its orbit
        ahead, behind = (
            case.price(
                dates + side * move, here.velocity + side * drift[:, :, k] * step, rendezvous
            )
            for side in (1, -1)
        )
        measured = (residual(ahead, rendezvous) - residual(behind, rendezvous)) / (2 * step)
        size = np.abs(measured).max(axis=1, keepdims=True)
        # Arcs are closed to 1e-9, which the division by the step makes 1e-4 of a unit slope.
        assert np.abs(slopes[:, :, k] - measured).max() < 3e-4 * (1 + size.max())
        assert np.abs((slopes[:, :, k] - measured) / size).max() < 5e-3
        turned = (ahead.velocity - behind.velocity) / (2 * step)
        assert np.abs(drift[:, :, k] - turned).max() < 1e-3 * (1 + np.abs(turned).max())


@pytest.mark.parametrize("rendezvous", [False, True])
@pytest.mark.parametrize("free", [False, True])
def test_never_worse_and_at_rest_where_it_stops(case, rendezvous, free):
    before = case.optimise(rendezvous=rendezvous, iterations=0)
    after = case.optimise(rendezvous=rendezvous, free_phase=free, iterations=60)
    assert np.all(after.cost <= before.cost)
    # Passing an asteroid at a better moment saves much; its own 2 km/s remain for who stops.
    assert (after.cost < (0.99 if rendezvous else 0.8) * before.cost).mean() > 0.5
    # At a minimum, no small move of the dates is cheaper.
    dates = np.stack([after.begin, after.end, after.phase], axis=1)
    for k in range(3 if free else 2):
        for side in (-2e-3, 2e-3):  # three hours
            move = np.eye(3)[k] * side
            if k == 0:
                move[2] = side / case.period
            beside = case.price(dates + move, after.velocity, rendezvous)
            assert np.median((after.cost - beside.cost) * 29_784.7) <= 0.05  # m/s


def test_the_cost_is_what_the_impulses_add_up_to(case):
    arcs = case.optimise(rendezvous=True, iterations=3)
    craft, goal = (
        case.departure(None, arcs.begin, arcs.phase),
        case.target(np.arange(COUNT), arcs.end),
    )
    first = (arcs.velocity - craft[:, 3:]) * speed_scale(case.e, arcs.begin)[:, None]
    last = (goal[:, 3:] - arcs.arrival[:, 3:]) * speed_scale(case.e, arcs.end)[:, None]
    sizes = np.linalg.norm(first, axis=1), np.linalg.norm(last, axis=1)
    assert np.allclose(arcs.cost, sizes[0] + sizes[1], rtol=1e-12)
    assert np.allclose(arcs.departure_impulse, first, atol=1e-13)
    leaving = np.concatenate([craft[:, :3], arcs.velocity], axis=1)
    flown, _ = propagate_er3bp(MU, case.e, leaving, arcs.begin, arcs.end)
    assert np.abs(flown[:, :3] - goal[:, :3]).max() < 1e-8
    passing = case.optimise(rendezvous=False, iterations=3)
    assert np.allclose(passing.cost, np.linalg.norm(passing.departure_impulse, axis=1), rtol=1e-12)


def test_bounds_are_kept(case):
    bounds = float(case.begin.min()), float(case.begin.max())
    tof = case.end - case.begin
    free = case.optimise(rendezvous=False, free_phase=True, iterations=40)
    left = (free.begin < bounds[0]) | (free.begin > bounds[1]) | (free.end - free.begin > tof.max())
    assert left.any()  # they would like to leave
    arcs = case.optimise(
        rendezvous=False, free_phase=True, iterations=40, begin_bounds=bounds,
        tof_bounds=(float(tof.min()), float(tof.max())),
    )  # fmt: skip
    assert np.all((arcs.begin >= bounds[0]) & (arcs.begin <= bounds[1]))
    flown = arcs.end - arcs.begin
    assert np.all((flown > tof.min() - 1e-12) & (flown < tof.max() + 1e-12))


@pytest.mark.parametrize("rendezvous", [False, True])
def test_a_craft_of_known_phase_keeps_it(case, rendezvous):
    arcs = case.optimise(rendezvous=rendezvous, iterations=30)
    assert np.abs(arcs.begin - case.begin).max() > 0.01
    before, after = (x.phase - x.begin / case.period for x in (case, arcs))
    assert np.abs(after - before).max() < 1e-12
    free = case.optimise(rendezvous=rendezvous, free_phase=True, iterations=30)
    assert np.abs(free.phase - free.begin / case.period - before).max() > 1e-3


def test_what_cannot_be_closed_costs_infinity(case):
    case_velocity = case.velocity.copy()
    try:
        case.velocity = case_velocity.copy()
        case.velocity[0] = np.nan
        arcs = case.optimise(rendezvous=False, iterations=2)
    finally:
        case.velocity = case_velocity
    assert np.isinf(arcs.cost[0])
    assert np.isfinite(arcs.cost[1:]).all()
