"""Shoemaker and Helin's figure of merit, injection from orbit, size and brightness."""

import numpy as np
import pytest

from survey.astro.accessibility import (
    absolute_magnitude,
    diameter_km,
    injection_dv,
    shoemaker_helin_dv,
)


@pytest.mark.parametrize(("c3", "dv"), [(1.737, 3.256), (2.197, 3.277)])
def test_injection_from_400_km(c3, dv):
    assert injection_dv(398600.4418, 6778.137, c3) == pytest.approx(dv, abs=0.001)


def test_injection_limits():
    # To escape with nothing left costs (√2 - 1) of the circular speed.
    assert injection_dv(1.0, 1.0, 0.0) == pytest.approx(np.sqrt(2) - 1, rel=1e-15)


def test_the_earth_itself_costs_what_escape_costs():
    u0 = 7.727 / 29.784
    escape = 30 * (np.sqrt(2) * u0 - u0) + 0.5
    assert shoemaker_helin_dv(1.0, 0.0, 0.0) == pytest.approx(escape, abs=1e-6)


def test_figure_of_merit_is_defined_everywhere_it_should_be():
    a, e, i = np.meshgrid(
        np.linspace(0.1, 40, 60), np.linspace(0, 0.999, 40), np.linspace(0, np.pi, 7)
    )
    dv = shoemaker_helin_dv(a, e, i)
    assert dv.shape == a.shape and np.isfinite(dv).all() and (dv > 3).all()
    # Turning an orbit of moderate shape out of the ecliptic makes it dearer.
    moderate = (a[..., 0] > 0.7) & (a[..., 0] < 3) & (e[..., 0] < 0.5)
    assert (np.diff(dv, axis=-1)[moderate][:, :3] > 0).all()
    assert np.isnan(shoemaker_helin_dv([-1.0, 1, 1, np.nan], [0.1, 1, -0.1, 0.1], 0.1)).all()


def test_class_borders_join():
    """Across a = 1 (with q <= 1) the two formulae differ by little, as their sources do."""
    below, above = shoemaker_helin_dv([1 - 1e-12, 1.0], 0.0, 0.1)
    assert below == pytest.approx(above, abs=1e-5)


def test_diameter():
    # D = 1329 km for H = 0 and albedo 1; five magnitudes are a factor of ten.
    assert diameter_km(0.0, 1.0) == 1329.0
    assert diameter_km(5.0, 1.0) == pytest.approx(132.9, rel=1e-15)
    assert diameter_km(0.0, 0.25) == pytest.approx(2658.0, rel=1e-15)
    # Albedo 0.25 and H = 20: 266 m, as in published conversion tables.
    assert diameter_km(20.0, 0.25) == pytest.approx(0.266, abs=5e-4)
    H, p = np.linspace(-2, 35, 50)[:, None], np.linspace(0.01, 1, 20)
    np.testing.assert_allclose(absolute_magnitude(diameter_km(H, p), p), H + 0 * p, atol=2e-14)
    assert np.isnan(diameter_km([18.0, np.nan], [0.0, 0.1])).all()
    assert np.isnan(absolute_magnitude([0.0, 1.0], [0.1, -0.1])).all()
