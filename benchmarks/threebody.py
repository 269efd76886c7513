"""Half-year arcs at L2 per second on one core: our batch beside scipy's DOP853 and scalar heyoka.

Run: ``python -m benchmarks.threebody``. All fly the same states with the same tolerance; the error
is the median distance, over the size of the transition matrix, from an integration in extended
precision. The numbers are of CPU seconds, compilation not counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import heyoka as hy
import numba
import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from survey.astro.cr3bp import propagate_cr3bp

Array = NDArray[np.float64]
Flight = Callable[[Array], Array]

MU, HALF_YEAR, TOLERANCE = 3.0542e-6, np.pi, 1e-12
# JPL's halo 1197, spread by 15,000 km and 3 m/s.
HALO = np.array([1.0110059685997803, 0, 0.0045638537751076817, 0, -0.011344790710813389, 0])
SPREAD = 1e-4
COUNT, SCALAR_COUNT, SCIPY_COUNT, TRUE_COUNT = 32_768, 2_000, 60, 60


def lines(*, quick: bool = False) -> Iterator[str]:
    """Give arcs per second, errors and ratios for the three kinds of arc."""
    states = HALO + np.random.default_rng(1).normal(size=(COUNT, 6)) * SPREAD
    truth = np.array([_extended(state) for state in states[:TRUE_COUNT]])
    _, phi, _ = propagate_cr3bp(MU, states[:TRUE_COUNT], HALF_YEAR, stm=True)
    sizes = np.abs(phi).max(axis=(1, 2))
    for title, columns, stm in (
        ("states alone", 0, False),
        ("with the three velocity columns", 3, "velocity"),
        ("with the whole transition matrix", 6, True),
    ):
        yield (f"{title}: half-year arcs at L2 per second and core, tolerance {TOLERANCE:g}")
        count = (COUNT if not columns else COUNT // 4) // (8 if quick else 1)
        ours = _rate(_ours(stm), states[:count], truth, sizes)
        peers = {
            "heyoka, scalar": (_scalar_heyoka(columns), SCALAR_COUNT // (8 if quick else 1)),
            "scipy DOP853, numba": (_scipy(columns), SCIPY_COUNT // (8 if quick else 1)),
        }
        yield (f"  {'survey':22}{ours[0]:12,.0f}   error {ours[1]:.0e}")
        for name, (flight, number) in peers.items():
            rate, error = _rate(flight, states[:number], truth, sizes)
            yield (f"  {name:22}{rate:12,.0f}   error {error:.0e}   ratio {ours[0] / rate:8.1f}")


def _rate(flight: Flight, states: Array, truth: Array, sizes: Array) -> tuple[float, float]:
    """Arcs per CPU second, best of three, and the median error over |Φ|."""
    flight(states[:8])
    seconds = np.inf
    for _ in range(3):
        begin = time.process_time()
        final = flight(states)
        seconds = min(seconds, time.process_time() - begin)
    known = min(len(final), len(truth))
    error = np.abs(final[:known, :6] - truth[:known]).max(axis=1) / sizes[:known]
    return len(states) / seconds, float(np.median(error))


def _ours(stm: bool | str) -> Flight:
    return lambda states: propagate_cr3bp(MU, states, HALF_YEAR, stm=stm, tolerance=TOLERANCE)[0]


def _motion(mu: np.floating) -> tuple[list[tuple[hy.expression, hy.expression]], list]:
    """Equations for heyoka, straight from the potential."""
    x, y, z, u, v, w = names = hy.make_vars("x", "y", "z", "u", "v", "w")
    r1 = (x + mu) ** 2 + y**2 + z**2
    r2 = (x - (1 - mu)) ** 2 + y**2 + z**2
    potential = (x**2 + y**2) * type(mu)(0.5) + (1 - mu) * r1**-0.5 + mu * r2**-0.5
    fx, fy, fz = (hy.diff(potential, name) for name in (x, y, z))
    return [(x, u), (y, v), (z, w), (u, 2 * v + fx), (v, -2 * u + fy), (w, fz)], names


def _scalar_heyoka(columns: int) -> Flight:
    motion, names = _motion(np.float64(MU))
    system = hy.var_ode_sys(motion, names[6 - columns :], order=1) if columns else motion
    integrator = hy.taylor_adaptive(system, np.zeros(6), tol=TOLERANCE)
    beginning = integrator.state.copy()

    def fly(states: Array) -> Array:
        final = np.empty((len(states), len(beginning)))
        for k, state in enumerate(states):
            integrator.time = 0.0
            integrator.state[:] = beginning
            integrator.state[:6] = state
            integrator.propagate_until(HALF_YEAR)
            final[k] = integrator.state
        return final

    return fly


def _extended(state: Array) -> Array:
    """Integrate in 80-bit arithmetic."""
    real = np.longdouble
    motion, _ = _motion(real(MU))
    integrator = hy.taylor_adaptive(motion, state.astype(real), tol=real(1e-18), fp_type=real)
    integrator.propagate_until(real(HALF_YEAR))
    return np.array(integrator.state, dtype=float)


@numba.njit(error_model="numpy", fastmath=True)
def _slopes(_: float, y: Array) -> Array:
    """Equations and as many columns of variations as lie below the state."""
    slope = np.empty_like(y)
    x1, x2, off_axis = y[0] + MU, y[0] + MU - 1.0, y[1] * y[1] + y[2] * y[2]
    r1, r2 = x1 * x1 + off_axis, x2 * x2 + off_axis
    a, b = (1 - MU) / (r1 * np.sqrt(r1)), MU / (r2 * np.sqrt(r2))
    pull = a + b
    slope[:3] = y[3:6]
    slope[3] = y[0] + 2 * y[4] - a * x1 - b * x2
    slope[4] = y[1] - 2 * y[3] - pull * y[1]
    slope[5] = -pull * y[2]
    if len(y) > 6:
        c, d = 3 * a / r1, 3 * b / r2
        tide, skew = c + d, c * x1 + d * x2
        fxx, fyy = 1 - pull + c * x1 * x1 + d * x2 * x2, 1 - pull + tide * y[1] * y[1]
        fzz, fxy, fxz = tide * y[2] * y[2] - pull, skew * y[1], skew * y[2]
        fyz = tide * y[1] * y[2]
        for k in range(6, len(y), 6):
            slope[k : k + 3] = y[k + 3 : k + 6]
            slope[k + 3] = fxx * y[k] + fxy * y[k + 1] + fxz * y[k + 2] + 2 * y[k + 4]
            slope[k + 4] = fxy * y[k] + fyy * y[k + 1] + fyz * y[k + 2] - 2 * y[k + 3]
            slope[k + 5] = fxz * y[k] + fyz * y[k + 1] + fzz * y[k + 2]
    return slope


def _scipy(columns: int) -> Flight:
    identity = np.eye(6)[6 - columns :].ravel()

    def fly(states: Array) -> Array:
        ends = []
        for state in states:
            start = np.concatenate((state, identity))
            path = solve_ivp(
                _slopes, (0, HALF_YEAR), start, "DOP853", rtol=TOLERANCE, atol=TOLERANCE
            )
            ends.append(path.y[:, -1])
        return np.array(ends)

    return fly


if __name__ == "__main__":
    for line in lines():
        print(line, flush=True)
