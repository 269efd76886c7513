"""A problem of arcs with a manoeuvre on the way that needs no catalogue."""

from __future__ import annotations

import numpy as np
from orbit_samples import L2_NORTHERN, printed_orbit

from survey.astro.arc_problem import Problem
from survey.astro.er3bp import propagate_er3bp
from survey.astro.forced_torus import natural_torus
from survey.constants import MASS_RATIO_SUN_EARTH_JPL as MU

E = 0.0167

__all__ = ["MU", "E", "passing_target"]


def passing_target():
    """A craft on a natural orbit, and a target that left there some 700 m/s faster."""
    orbit = printed_orbit(*L2_NORTHERN)
    torus = natural_torus(MU, E, orbit.state, orbit.period)
    drift = torus.states(np.array([0.3]), np.array([0.4]))
    drift += [[0.0, 0.0, 0.0, 0.011, 0.021, -0.004]]

    def target(_, anomaly):
        goal, _ = propagate_er3bp(
            MU, E, np.repeat(drift, len(anomaly), 0), np.full(len(anomaly), 0.4), anomaly
        )
        return goal

    return Problem(MU, E, lambda _, f, phase: torus.states(phase, f), target, orbit.period)
