"""Quasi-periodic paths: they join, start as asked, keep their constant, and fit what was flown."""

import csv
from datetime import datetime

import numpy as np
import pytest
from circular_flight import fly_circular

from survey.astro.cr3bp import jacobi_constant
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.halo import halo_orbit, lyapunov_orbit, states_along
from survey.astro.libration import linear_modes, linear_motion
from survey.astro.lissajous import fit_quasi_periodic, quasi_halo, quasi_periodic, states_at

SUN_EARTH = 3.0542e-6
EARTH_MOON = 1.215058560962404e-2
AU_KM = 149597870.7


@pytest.mark.parametrize(
    ("mu", "point", "x", "z"),
    [
        (SUN_EARTH, "L1", 0.1, 0.15),
        (SUN_EARTH, "L2", 0.1, 0.15),
        (SUN_EARTH, "L2", 0.17, 0.27),
        (SUN_EARTH, "L2", 0.1, 0.0),
        (SUN_EARTH, "L1", 0.0, 0.15),
        (EARTH_MOON, "L1", 0.05, 0.1),
        (EARTH_MOON, "L2", 0.05, 0.1),
    ],
)
def test_lissajous(mu, point, x, z):
    """Six revolutions; amplitudes in units of the point's distance."""
    motion = linear_motion(mu, point)
    path = quasi_periodic(
        mu,
        point,
        x_amplitude=x * motion.gamma,
        z_amplitude=z * motion.gamma,
        phase=0.3,
        z_phase=1.2,
    )
    assert path.times[0] == 0
    assert path.times[-1] == pytest.approx(6 * motion.in_plane_period)
    assert path.gap < 1e-11
    # The first state has the amplitudes and phases asked for.
    start = path.states[0] - [motion.x, 0, 0, 0, 0, 0]
    weights = np.linalg.solve(linear_modes(motion), start) / motion.gamma
    expected = [x * np.cos(0.3), x * np.sin(0.3), z * np.cos(1.2), z * np.sin(1.2)]
    np.testing.assert_allclose(weights[:4], expected, atol=1e-10)
    # It stays: nothing grows or decays. Where both are large, the nearly equal frequencies let
    # the amplitudes swing, the vertical one by two thirds, on the way to the quasi-halos.
    assert path.amplitudes[2] == pytest.approx(z * motion.gamma, rel=0.7, abs=1e-12)
    if x:
        assert path.amplitudes[0] == pytest.approx(x * motion.gamma, rel=0.2)
        assert path.period == pytest.approx(motion.in_plane_period, rel=0.03)
        middle = len(path.times) // 2
        moments = [
            np.linspace(*path.times[[0, middle]], 400),
            np.linspace(*path.times[[middle, -1]], 400),
        ]
        early, late = (np.ptp(states_at(path, t)[:, 1]) for t in moments)
        assert early == pytest.approx(late, rel=0.3)
    constants = jacobi_constant(mu, states_at(path, np.linspace(0, path.times[-1], 500)))
    np.testing.assert_allclose(constants, path.jacobi_constant, rtol=0, atol=1e-12)


def test_an_independent_integrator_joins_it():
    path = quasi_periodic(SUN_EARTH, "L2", x_amplitude=1e-3, z_amplitude=2e-3, revolutions=7)
    assert path.times[-1] == pytest.approx(7 * linear_motion(SUN_EARTH, "L2").in_plane_period)
    for k, step in enumerate(np.diff(path.times)):
        reached = fly_circular(SUN_EARTH, path.states[k], step).y[:, -1]
        assert np.abs(reached - path.states[k + 1]).max() < 1e-11


def test_long_paths_begin_and_go_on_as_short_ones():
    """Thirty revolutions; a path is unstable, and yet where it leads does not matter to it."""
    ask = {"x_amplitude": 1e-3, "z_amplitude": 2e-3, "phase": 0.4}
    long = quasi_periodic(SUN_EARTH, "L2", revolutions=30, **ask)
    assert long.gap < 1e-11
    short = quasi_periodic(SUN_EARTH, "L2", revolutions=6, **ask)
    at = np.linspace(0, 0.7 * short.times[-1], 200)
    apart = np.abs(states_at(long, at) - states_at(short, at))
    assert apart.max() < 1e-3 * long.amplitudes[1]
    y = states_at(long, np.linspace(*long.times[[0, -1]], 4000))[:, 1]
    early, late = np.ptp(y[:1000]), np.ptp(y[-1000:])
    assert early == pytest.approx(late, rel=0.1)


def test_small_paths_have_the_linear_periods():
    motion = linear_motion(SUN_EARTH, "L2")
    small = 1e-3 * motion.gamma
    path = quasi_periodic(SUN_EARTH, "L2", x_amplitude=small, z_amplitude=small, revolutions=8)
    # Frequencies change with the square of the amplitude; crossings are read between samples.
    assert path.period == pytest.approx(motion.in_plane_period, rel=2e-5)
    assert path.z_period == pytest.approx(motion.vertical_period, rel=2e-5)
    ratios = path.amplitudes / small
    np.testing.assert_allclose(ratios, [1, motion.kappa, 1], rtol=5e-3)


def test_planar_path_is_the_lyapunov_orbit():
    """Without a vertical part the quasi-periodic path is periodic, and known."""
    path = quasi_periodic(SUN_EARTH, "L2", x_amplitude=5e-4, z_amplitude=0)
    orbit = lyapunov_orbit(SUN_EARTH, "L2", jacobi=path.jacobi_constant)
    assert path.period == pytest.approx(orbit.period, rel=2e-5)
    first = states_along(orbit, np.linspace(0, 1, 4001))
    inside = path.states[8:-8, :3]
    distance = np.linalg.norm(inside[:, None] - first[None, :, :3], axis=-1).min(axis=1)
    assert distance.max() < 2e-6  # the spacing of the 4,001 samples


def test_quasi_halo():
    """Winds round the halo with the angle of the multiplier on the unit circle."""
    orbit = halo_orbit(SUN_EARTH, "L2", z_amplitude=500_000 / AU_KM)
    size = 20_000 / AU_KM
    path = quasi_halo(orbit, size=size, phase=0.4, revolutions=8)
    assert path.gap < 1e-11
    assert path.period == pytest.approx(orbit.period, rel=2e-3)
    # Once a revolution, the offset from the halo turns by that angle: fit it to the positions.
    whole = states_at(path, orbit.period * np.arange(8) + 1e-9 * (np.arange(8) == 0))
    offset = whole[:, 2] - orbit.state[2]
    angle = abs(np.angle(orbit.multipliers[1]))
    k = np.arange(8)
    basis = np.stack([np.cos(angle * k), np.sin(angle * k), np.ones(8)], axis=1)
    weights, residual, *_ = np.linalg.lstsq(basis, offset)
    assert np.sqrt(residual[0] / 8) < 0.1 * np.hypot(*weights[:2])
    assert 0.1 * size < np.hypot(*weights[:2]) < 2 * size
    # And it is not the halo itself.
    assert np.ptp(offset) > 0.1 * size


def test_quasi_halo_errors():
    orbit = halo_orbit(SUN_EARTH, "L2", z_amplitude=3e-3)
    with pytest.raises(ValueError, match="is no distance"):
        quasi_halo(orbit, size=0.0)
    with pytest.raises(ValueError, match="revolutions were asked for"):
        quasi_halo(orbit, size=1e-4, revolutions=0)
    unstable = halo_orbit(SUN_EARTH, "L2", jacobi=3.000269)
    assert np.abs(unstable.multipliers[1]) > 1.01
    with pytest.raises(ValueError, match="no multipliers on the unit circle"):
        quasi_halo(unstable, size=1e-5)


def test_fit_recovers_a_path():
    """From its own positions, with noise of 3,000 km, every tenth part of a month."""
    path = quasi_periodic(
        SUN_EARTH, "L2", x_amplitude=1.5e-3, z_amplitude=2e-3, phase=2.0, z_phase=0.5
    )
    times = np.linspace(0, path.times[-1], 700)
    exact = states_at(path, times)
    noise = 2e-5 * np.random.default_rng(8).normal(size=(700, 3))
    found = fit_quasi_periodic(SUN_EARTH, "L2", times + 40.0, exact[:, :3] + noise)
    assert found.gap < 1e-11
    assert found.times[0] == 40 and found.times[-1] == pytest.approx(40 + times[-1])
    assert found.fit_rms == pytest.approx(2e-5 * np.sqrt(3), rel=0.05)
    # Six numbers from 2,100: the path is known ten times better than one position.
    miss = np.linalg.norm((states_at(found, times + 40.0) - exact)[:, :3], axis=1)
    assert np.sqrt(np.mean(miss**2)) < 0.1 * found.fit_rms
    assert found.period == pytest.approx(path.period, rel=1e-3)
    np.testing.assert_allclose(found.amplitudes, path.amplitudes, rtol=5e-3)
    clean = fit_quasi_periodic(SUN_EARTH, "L2", times, exact[:, :3])
    assert clean.fit_rms < 1e-11
    # Eight positions a revolution, whose spline has velocities wrong by 5 %: half a kilometre.
    coarse = fit_quasi_periodic(SUN_EARTH, "L2", times[::14], exact[::14, :3])
    assert coarse.fit_rms * AU_KM < 1


def test_fit_to_jwst(shared_data):
    """The flown path of 2022-2025: three years and a half of daily positions."""
    with (shared_data / "ephemeris" / "jwst_gse_daily.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    start = datetime(2000, 1, 1, 12)
    days = np.array(
        [(datetime.strptime(r["utc"], "%Y %b %d %H:%M:%S") - start).total_seconds() for r in rows]
    )
    days /= 86400
    flown = np.array([[float(r[f"{axis}_gse_km"]) for axis in "xyz"] for r in rows])
    days, flown = days[45:], flown[45:]  # the cruise out to L2 is no orbit
    # Low-precision formulae of the Sun (The Astronomical Almanac, page C5): 0.0001 au, 0.01°.
    anomaly = np.radians(357.528 + 0.9856003 * days)
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    longitude = np.radians(
        280.460 + 0.9856474 * days + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly)
    )
    positions = flown / AU_KM / distance[:, None] + [1 - SUN_EARTH, 0, 0]
    path = fit_quasi_periodic(SUN_EARTH, "L2", longitude, positions)
    assert path.gap < 1e-11
    # The circular problem leaves out the eccentricity and the Moon: 0.7 % of the point's distance.
    assert path.fit_rms * AU_KM < 15_000
    extent = 0.5 * np.ptp(positions, axis=0)
    np.testing.assert_allclose(path.amplitudes, extent, rtol=0.05)
    rising = np.flatnonzero((positions[:-1, 1] < 0) & (positions[1:, 1] >= 0))
    period = np.diff(longitude[rising]).mean()
    assert path.period == pytest.approx(period, rel=0.02)


def test_states_at():
    path = quasi_periodic(SUN_EARTH, "L1", x_amplitude=5e-4, z_amplitude=1e-3, revolutions=2)
    np.testing.assert_allclose(states_at(path, path.times), path.states, rtol=0, atol=1e-11)
    t = np.array([[0.1, 2.0, 5.9], [0.2, 3.3, 1.0]])
    states = states_at(path, t)
    assert states.shape == (2, 3, 6)
    on, status = propagate_cr3bp(SUN_EARTH, states, 0.05)
    assert (status == 0).all()
    np.testing.assert_allclose(on, states_at(path, t + 0.05), rtol=0, atol=1e-11)
    with pytest.raises(ValueError, match="is known from 0 to"):
        states_at(path, 100.0)
    with pytest.raises(ValueError, match="is known from 0 to"):
        states_at(path, [0.5, np.nan])


def test_errors():
    ask = {"x_amplitude": 1e-3, "z_amplitude": 1e-3}
    with pytest.raises(ValueError, match="outside"):
        quasi_periodic(0.6, "L2", **ask)
    with pytest.raises(ValueError, match="unknown libration point"):
        quasi_periodic(SUN_EARTH, "L3", **ask)
    with pytest.raises(ValueError, match="x_amplitude=-1"):
        quasi_periodic(SUN_EARTH, "L2", x_amplitude=-1, z_amplitude=0)
    with pytest.raises(ValueError, match="both amplitudes are zero"):
        quasi_periodic(SUN_EARTH, "L2", x_amplitude=0, z_amplitude=0)
    with pytest.raises(ValueError, match="revolutions were asked for"):
        quasi_periodic(SUN_EARTH, "L2", revolutions=0.2, **ask)
    with pytest.raises(ValueError, match="ask for smaller ones"):
        quasi_periodic(SUN_EARTH, "L2", x_amplitude=8e-3, z_amplitude=8e-3)
    t = np.linspace(0, 10, 50)
    circle = np.stack([np.cos(t), np.sin(t), 0 * t], axis=1)
    with pytest.raises(ValueError, match="no table of a path"):
        fit_quasi_periodic(SUN_EARTH, "L2", t, circle[:40])
    with pytest.raises(ValueError, match="no table of a path"):
        fit_quasi_periodic(SUN_EARTH, "L2", t, np.where(t[:, None] > 5, np.nan, circle))
    with pytest.raises(ValueError, match="do not show a path"):
        fit_quasi_periodic(SUN_EARTH, "L2", t[::-1], circle)
    with pytest.raises(ValueError, match="do not show a path"):
        fit_quasi_periodic(SUN_EARTH, "L2", 10 * t, circle)
    with pytest.raises(ValueError, match="no natural path about L2 follows"):
        fit_quasi_periodic(SUN_EARTH, "L2", t, [1.01, 0, 0] + 0.003 * circle)
