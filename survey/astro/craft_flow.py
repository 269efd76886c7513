"""A craft among Sun, planets and Moon, with its transition matrix: what shooting needs, compiled.

The bodies are points at tabulated places, Earth and Moon apart. The step is that of the asteroids
(`survey.astro.nbody_step`), for one craft at a time, because close to the Moon no two crafts want
the same step; the columns of the transition matrix go along with the state as they would in a
first-order form [HairerNorsettWanner1993], and do not decide the step.

The Moon may be softened: its pull is then that of a ball of gas without a centre, through which a
trajectory runs on straight. A passage is then neither steep nor bent, and a search need not hit
it; the turn is put in by hand.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from survey.astro import nbody_forces, nbody_planets, nbody_step
from survey.astro.compiling import entry, fingerprint, frozen, kernel
from survey.astro.nbody_forces import GM, RADIUS
from survey.astro.nbody_planets import BODIES, COLUMNS, Planets, body_state, place_bodies
from survey.astro.nbody_step import AA, BA, E3, E3A, E5, E5A, STAGES, B, C
from survey.constants import AU_KM, GM_SUN_KM3_S2

__all__ = ["MOON", "TOLERANCE", "body_states", "fly", "fly_matrix", "rates", "sample"]

Array = NDArray[np.float64]

TOLERANCE: Final = 1e-13
"""Error of one step, in units of the Earth's distance and speed: some metres."""

MOON: Final = BODIES - 1
"""Its place among `survey.astro.nbody_forces.PERTURBERS`."""

_SPEED: Final = 29.78  # km/s
_LONGEST_S: Final = 10.0 * 86_400.0
_FIRST_S: Final = 600.0
_STEPS: Final = 2_000  # a year near L2 takes 200; who needs more has been caught by a body
_DEEP: Final = 0.5  # of a body's radius, from its centre: no trajectory goes on from there


@kernel
def _pull(r: Array, place: Array, soft2: float, columns: int, out: Array) -> float:
    """Accelerations of a state and its derivatives ``r (3, columns)``; least distance in radii."""
    g00 = g01 = g02 = g11 = g12 = g22 = 0.0
    ax, ay, az = place[27], place[28], place[29]
    least = 1e30
    for b in range(-1, BODIES):
        if b < 0:
            dx, dy, dz, gm = -r[0, 0], -r[1, 0], -r[2, 0], GM_SUN_KM3_S2
        else:
            dx, dy, dz = place[3 * b] - r[0, 0], place[3 * b + 1] - r[1, 0], 0.0
            dz, gm = place[3 * b + 2] - r[2, 0], GM[b]
        d2 = dx * dx + dy * dy + dz * dz
        if b == MOON:
            d2 += soft2
        d = math.sqrt(d2)
        if b >= 0:
            least = min(least, d / RADIUS[b])
        k = gm / (d2 * d)
        ax += k * dx
        ay += k * dy
        az += k * dz
        if columns > 1:
            q = 3.0 * k / d2
            g00 += q * dx * dx - k
            g11 += q * dy * dy - k
            g22 += q * dz * dz - k
            g01 += q * dx * dy
            g02 += q * dx * dz
            g12 += q * dy * dz
    out[0, 0], out[1, 0], out[2, 0] = ax, ay, az
    for c in range(1, columns):
        x, y, z = r[0, c], r[1, c], r[2, c]
        out[0, c] = g00 * x + g01 * y + g02 * z
        out[1, c] = g01 * x + g11 * y + g12 * z
        out[2, c] = g02 * x + g12 * y + g22 * z
    return least


@kernel
def _advance(
    start: float, records: Array, begin: float, end: float, r: Array, v: Array, soft2: float,
    tolerance: float, step: float, f: Array, work: Array, moments: Array, places: Array,
) -> float:  # fmt: skip
    """Carry ``r, v (3, columns)`` from `begin` to `end`; the step to go on with, 0 if lost."""
    columns = r.shape[1]
    sign = 1.0 if end > begin else -1.0
    t, h = begin, sign * min(max(abs(step), 1.0), _LONGEST_S)
    there = work[0]
    for _ in range(_STEPS):
        left = end - t
        if sign * left <= 0.0:
            return abs(h)
        last = abs(h) >= abs(left)
        used = left if last else h
        for s in range(STAGES):
            moments[s] = t + C[s] * used
        place_bodies(start, records, moments, places)
        for s in range(STAGES):
            for k in range(3):
                for c in range(columns):
                    total = 0.0
                    for i in range(s):
                        total += AA[s, i] * f[i, k, c]
                    there[k, c] = r[k, c] + used * (C[s] * v[k, c] + used * total)
            if _pull(there, places[s], soft2, columns, f[s]) < _DEEP:
                return 0.0
        e5 = e3 = 0.0
        for k in range(3):
            v5 = v3 = r5 = r3 = 0.0
            for s in range(STAGES):
                v5 += E5[s] * f[s, k, 0]
                v3 += E3[s] * f[s, k, 0]
                r5 += E5A[s] * f[s, k, 0]
                r3 += E3A[s] * f[s, k, 0]
            e5 += (used * v5 / _SPEED) ** 2 + (used * used * r5 / AU_KM) ** 2
            e3 += (used * v3 / _SPEED) ** 2 + (used * used * r3 / AU_KM) ** 2
        error = e5 / (tolerance * math.sqrt(e5 + 0.01 * e3) + 1e-300)
        if not math.isfinite(error):
            return 0.0
        scale = min(4.0, max(0.2, 0.9 * (error + 1e-16) ** -0.125))
        if error <= 1.0:
            for k in range(3):
                for c in range(columns):
                    far = fast = 0.0
                    for s in range(STAGES):
                        far += BA[s] * f[s, k, c]
                        fast += B[s] * f[s, k, c]
                    r[k, c] += used * (v[k, c] + used * far)
                    v[k, c] += used * fast
            if last:
                return abs(h) if scale >= 1.0 else abs(used) * scale
            t += used
        h = sign * min(abs(used) * scale, _LONGEST_S)
    return 0.0


def _build(compiled_in: int) -> Any:
    @entry
    def run(
        start: float, records: Array, times: Array, states: Array, soft2: float, tolerance: float,
        matrix: bool, out: Array,
    ) -> None:  # fmt: skip
        """Fill ``out (n, k - 1, 6, columns)`` for times ``(n, k)``; NaN from where one is lost."""
        _ = compiled_in  # see survey.astro.compiling.fingerprint
        columns = 7 if matrix else 1
        r, v = np.empty((3, columns)), np.empty((3, columns))
        f, work = np.empty((STAGES, 3, columns)), np.empty((1, 3, columns))
        moments, places = np.empty(STAGES), np.empty((STAGES, COLUMNS))
        for n in range(states.shape[0]):
            for k in range(3):
                for c in range(columns):
                    r[k, c] = 1.0 if c == k + 1 else 0.0
                    v[k, c] = 1.0 if c == k + 4 else 0.0
                r[k, 0], v[k, 0] = states[n, k], states[n, 3 + k]
            step = _FIRST_S
            for m in range(1, times.shape[1]):
                if step > 0.0:
                    step = _advance(
                        start, records, times[n, m - 1], times[n, m], r, v, soft2, tolerance, step,
                        f, work, moments, places,
                    )  # fmt: skip
                for k in range(3):
                    for c in range(columns):
                        out[n, m - 1, k, c] = r[k, c] if step > 0.0 else math.nan
                        out[n, m - 1, 3 + k, c] = v[k, c] if step > 0.0 else math.nan

    @entry
    def pulls(
        start: float, records: Array, times: Array, states: Array, soft2: float, out: Array
    ) -> None:
        """Fill the accelerations (n, 3) of states (n, 6)."""
        _ = compiled_in
        r, f, place = np.empty((3, 1)), np.empty((3, 1)), np.empty((1, COLUMNS))
        for n in range(times.size):
            r[:, 0] = states[n, :3]
            place_bodies(start, records, times[n : n + 1], place)
            _pull(r, place[0], soft2, 1, f)
            out[n] = f[:, 0]

    @entry
    def bodies(start: float, records: Array, times: Array, body: int, out: Array) -> None:
        """Fill the states (n, 6) of one body."""
        _ = compiled_in
        for n in range(times.size):
            body_state(start, records, times[n], body, out[n])

    return run, pulls, bodies


_run, _pulls, _bodies = _build(fingerprint(nbody_forces, nbody_planets, nbody_step))


def body_states(planets: Planets, body: int, times: ArrayLike) -> Array:
    """Return heliocentric states ``(n, 6)`` of one of the perturbers at times ``(n,)``."""
    moments = frozen(np.atleast_1d(np.asarray(times, dtype=float)))
    out = np.empty((len(moments), 6))
    _bodies(planets.start, frozen(planets.records), moments, body, out)
    return out


def rates(planets: Planets, times: ArrayLike, states: ArrayLike, *, soft_km: float = 0.0) -> Array:
    """Return the rates of change ``(n, 6)`` of states ``(n, 6)``: velocity and acceleration."""
    given = frozen(np.asarray(states, dtype=float))
    pulls = np.empty((len(given), 3))
    moments = frozen(np.broadcast_to(np.asarray(times, dtype=float), len(given)))
    _pulls(planets.start, frozen(planets.records), moments, given, soft_km**2, pulls)
    return np.concatenate([given[:, 3:], pulls], axis=1)


def fly(
    planets: Planets, begin: ArrayLike, end: ArrayLike, states: ArrayLike, *,
    soft_km: float = 0.0, tolerance: float = TOLERANCE,
) -> Array:  # fmt: skip
    """Carry crafts from their own begin to their own end.

    Parameters
    ----------
    planets : Planets
        Over a span that includes all times.
    begin, end : array_like, shape broadcast to (n,)
        Times, s, in either order.
    states : array_like, shape (n, 6)
        Heliocentric, km and km/s, ecliptic of J2000.
    soft_km : float, optional
        Distance over which the Moon is softened; 0 for the Moon as it is.
    tolerance : float, optional
        See `TOLERANCE`.

    Returns
    -------
    ndarray, shape (n, 6)
        NaN where a craft runs into a body.
    """
    times = np.stack(np.broadcast_arrays(begin, end), axis=-1)
    return _flown(planets, times, states, soft_km, tolerance, matrix=False)[:, 0, :, 0]


def fly_matrix(
    planets: Planets, begin: ArrayLike, end: ArrayLike, states: ArrayLike, *,
    soft_km: float = 0.0, tolerance: float = TOLERANCE,
) -> tuple[Array, Array]:  # fmt: skip
    """As `fly`, with the transition matrices ``(n, 6, 6)``."""
    times = np.stack(np.broadcast_arrays(begin, end), axis=-1)
    flown = _flown(planets, times, states, soft_km, tolerance, matrix=True)[:, 0]
    return flown[..., 0], flown[..., 1:]


def sample(
    planets: Planets, times: ArrayLike, states: ArrayLike, *,
    soft_km: float = 0.0, tolerance: float = TOLERANCE,
) -> Array:  # fmt: skip
    """Return states ``(n, k, 6)`` at times ``(n, k)``, monotonous, of crafts given at the first.

    Parameters as those of `fly`.
    """
    wanted = np.asarray(times, dtype=float)
    flown = _flown(planets, wanted, states, soft_km, tolerance, matrix=False)[..., 0]
    return np.concatenate([np.asarray(states, dtype=float)[:, None], flown], axis=1)


def _flown(
    planets: Planets, times: ArrayLike, states: ArrayLike, soft_km: float, tolerance: float, *,
    matrix: bool,
) -> Array:  # fmt: skip
    given = frozen(np.atleast_2d(np.asarray(states, dtype=float)))
    moments = frozen(np.broadcast_to(times, (len(given), np.shape(times)[-1])))
    if len(given) and not (planets.start <= moments.min() and moments.max() <= planets.stop):
        raise ValueError(
            f"flights were asked for from {moments.min():.0f} to {moments.max():.0f} s, but the "
            f"planets are known from {planets.start:.0f} to {planets.stop:.0f} s: stay inside"
        )
    out = np.empty((len(given), moments.shape[1] - 1, 6, 7 if matrix else 1))
    _run(
        planets.start, frozen(planets.records), moments, given, soft_km**2, tolerance, matrix, out
    )  # fmt: skip
    return out
