"""Figures of orbits show what the orbits are: places, sizes, dates and stability as computed."""

from __future__ import annotations

import astropy.units as u
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from drawn import artist, drawn, texts
from matplotlib.colors import to_rgb
from matplotlib.path import Path

from survey.astro.cr3bp import jacobi_constant, libration_points
from survey.astro.halo import (
    halo_family,
    halo_orbit,
    lyapunov_family,
    states_along,
    vertical_family,
)
from survey.astro.manifold import manifold_arcs
from survey.constants import AU_KM, MASS_RATIO_SUN_EARTH_JPL, RADIUS_EARTH_KM
from survey.report import plot_families, plot_manifold, plot_parking, plot_stability, sun_earth
from survey.report.manifolds import _forbidden
from survey.report.style import figure_style, svg_bytes
from survey.transfer import ParkingOrbit
from survey.transfer.parking_family import TIME_UNIT_D

MU = MASS_RATIO_SUN_EARTH_JPL
L2_KM = 1_509_964.6  # beyond the Earth, from JPL's 1.010090435784255 at this mass ratio
# Northern halo 1197 of JPL's periodic-orbit database.
JPL_X0, JPL_Z0, JPL_C = 1.0110059685997803, 0.0045638537751076817, 3.0007124352932899
JPL_PERIOD, JPL_INDEX = 3.0803024932763416, 498.23


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def halo():
    return halo_family(MU, "L2")


@pytest.fixture(scope="module")
def orbit():
    return halo_orbit(MU, "L2", jacobi=JPL_C)


@pytest.fixture(scope="module")
def outward(orbit):
    return manifold_arcs(orbit, stable=False, exterior=True, phases=np.arange(8) / 8, duration=5.0)


@pytest.fixture(scope="module")
def inward(orbit):
    return manifold_arcs(orbit, stable=True, exterior=False, phases=np.arange(8) / 8, duration=4.6)


@pytest.fixture(scope="module")
def parking():
    return ParkingOrbit.from_text(
        orbit="halo northern", size="z 300000 km", phase_zero="2029-01-15"
    )


def panels(figure):
    return {ax.get_gid(): ax for ax in figure.axes if ax.get_gid()}


# Families


def test_an_orbit_of_jpl_is_drawn_where_jpl_has_it(halo, orbit):
    axes = panels(plot_families(halo, orbits=[orbit], members=4))
    assert set(axes) == {"xz", "yz", "xy"}
    (xz,), (yz,), (xy,) = (drawn(axes[name], "orbit") for name in ("xz", "yz", "xy"))
    x0, z0 = (JPL_X0 - (1 - MU)) * AU_KM - L2_KM, JPL_Z0 * AU_KM
    # L2 is known to a tenth of a kilometre here.
    assert np.hypot(*(xz - (x0, z0)).T).min() < 0.1
    assert np.hypot(*(yz - (0.0, z0)).T).min() < 0.1
    np.testing.assert_allclose(yz[:, 1].max(), z0, atol=0.1)
    np.testing.assert_allclose(xy[0], xy[-1], atol=1e-6)
    # The three projections are of one path, symmetric about the x-z plane.
    np.testing.assert_array_equal(xz[:, 0], xy[:, 0])
    np.testing.assert_array_equal(xz[:, 1], yz[:, 1])
    assert xy[:, 1].max() == pytest.approx(-xy[:, 1].min(), rel=1e-4)  # samples, not extrema


def test_members_run_from_the_branch_point_to_the_limit_asked_for(halo):
    figure = plot_families(halo, members=6, within=800_000 * u.km)
    paths = drawn(panels(figure)["yz"], "northern halo orbits")
    assert 4 <= len(paths) <= 6
    assert np.abs(paths[0][:, 1]).max() < 100.0  # flat, where it leaves the planar family
    assert max(np.abs(path).max() for path in paths) <= 800_000.0
    heights = [path[:, 1].max() for path in paths]
    assert heights == sorted(heights)


@pytest.mark.parametrize("point", ["L1", "L2"])
def test_projections_share_one_scale_and_hold_everything(point):
    families = [halo_family(MU, point), lyapunov_family(MU, point)]
    figure = plot_families(families, members=3)
    figure.canvas.draw()
    scales = []
    for ax in panels(figure).values():
        assert ax.get_aspect() == 1.0
        box = ax.get_window_extent()
        scales.append((ax.get_xlim()[1] - ax.get_xlim()[0]) / box.width)
        scales.append((ax.get_ylim()[1] - ax.get_ylim()[0]) / box.height)
        for name in ("northern halo orbits", "planar Lyapunov orbits"):
            for path in drawn(ax, name):
                assert np.all(path >= (ax.get_xlim()[0], ax.get_ylim()[0]))
                assert np.all(path <= (ax.get_xlim()[1], ax.get_ylim()[1]))
    assert max(scales) / min(scales) < 1.02  # pixels are whole


@pytest.mark.parametrize(("point", "side"), [("L1", 1), ("L2", -1)])
def test_earth_and_moon_are_to_scale_and_in_place(point, side):
    xy = panels(plot_families(halo_family(MU, point), members=2))["xy"]
    gap = abs(libration_points(MU)[int(point[1]) - 1, 0] - (1 - MU)) * AU_KM
    earth, moon = artist(xy, "Earth"), artist(xy, "Moon's orbit")
    assert earth.radius == RADIUS_EARTH_KM
    assert moon.radius == 384_400.0
    assert earth.center == moon.center
    assert earth.center[0] == pytest.approx(side * gap, rel=1e-12)


def test_axes_say_what_is_measured_from_where(halo):
    axes = panels(plot_families(halo, members=2))
    assert axes["xy"].get_xlabel() == "x from L2, thousand km"
    assert axes["xz"].get_ylabel() == "z from L2, thousand km"
    assert axes["yz"].get_xlabel() == "y from L2, thousand km"
    assert sun_earth.thousands(-1_500_000.0) == "−1,500"


def test_one_family_has_a_scale_and_several_have_names(halo):
    alone = plot_families(halo, members=3)
    assert "Jacobi constant" in texts(alone)
    several = plot_families([halo, vertical_family(MU, "L2")], members=3)
    assert {"northern halo orbits", "vertical Lyapunov orbits"} <= set(texts(several))
    assert "Jacobi constant" not in texts(several)


def test_what_does_not_belong_together_is_refused(halo):
    with pytest.raises(ValueError, match="one point and one mass ratio"):
        plot_families([halo, halo_family(MU, "L1")])
    with pytest.raises(ValueError, match="give at least one"):
        plot_families([])
    with pytest.raises(ValueError, match="widen it"):
        plot_families(halo, within=1000 * u.km)
    with pytest.raises(ValueError, match="the Sun and the Earth"):
        plot_stability(halo_family(0.0121506, "L2"))


# Stability


def test_curves_are_the_family_with_its_bifurcations(halo, orbit):
    top, middle, bottom = plot_stability(halo, orbits=[orbit]).axes
    curve = {ax: artist(ax, ax.get_ylabel()) for ax in (top, middle, bottom)}
    x = curve[top].get_xdata()
    assert np.all(np.diff(x) < 0)  # one way from the branch point to the Earth
    crossing = (halo.states[:, 0] - libration_points(MU)[1, 0]) * AU_KM
    at = np.array([np.abs(x - one).argmin() for one in crossing])
    # x from the point is a difference of numbers near one.
    np.testing.assert_allclose(x[at], crossing, atol=1e-6)
    np.testing.assert_array_equal(curve[top].get_ydata()[at], halo.stability_indices)
    np.testing.assert_allclose(curve[middle].get_ydata()[at], halo.periods * TIME_UNIT_D)
    np.testing.assert_array_equal(curve[bottom].get_ydata()[at], halo.jacobi_constants)
    assert top.get_yscale() == "log"
    assert (middle.get_ylabel(), bottom.get_ylabel()) == ("period, d", "Jacobi constant")
    x0 = (JPL_X0 - libration_points(MU)[1, 0]) * AU_KM
    for ax, value, digits in (
        (top, JPL_INDEX, 0.005), (middle, JPL_PERIOD * TIME_UNIT_D, 1e-7), (bottom, JPL_C, 1e-12),
    ):  # fmt: skip
        ((x,), (y,)) = artist(ax, "orbit").get_data()
        assert x == pytest.approx(x0, abs=1e-3)
        assert y == pytest.approx(value, abs=digits)


def test_halos_branch_off_where_planar_orbits_are_marked(halo):
    figure = plot_stability(lyapunov_family(MU, "L2"))
    middle = figure.axes[1]
    marks = [one.get_ydata()[0] for one in middle.get_lines() if one.get_gid() == "tangent"]
    assert marks[0] == pytest.approx(halo.periods[0] * TIME_UNIT_D, rel=1e-8)
    assert {"tangent bifurcation", "period doubling"} <= set(texts(figure))


@pytest.mark.parametrize(
    ("along", "label", "value"),
    [
        ("z_amplitude", "z amplitude, thousand km", JPL_Z0 * AU_KM),
        ("period", "period, d", JPL_PERIOD * TIME_UNIT_D),
        ("jacobi", "Jacobi constant", JPL_C),
    ],
)
def test_any_measure_may_run_across(halo, orbit, along, label, value):
    axes = plot_stability(halo, along=along, orbits=[orbit], bifurcations=()).axes
    assert axes[2].get_xlabel() == label
    assert artist(axes[0], "orbit").get_xdata()[0] == pytest.approx(value, rel=1e-10)
    assert not [one for one in axes[0].get_lines() if one.get_gid() == "period doubling"]


def test_an_unknown_measure_is_refused(halo):
    with pytest.raises(ValueError, match="write one of 'x_amplitude'"):
        plot_stability(halo, along="mass")


# Manifolds


def test_tubes_are_the_arcs_in_km_from_the_earth(orbit, outward):
    ax = plot_manifold(outward, orbit=orbit, within=100_000_000 * u.km)
    paths = drawn(ax, "unstable manifold")
    assert len(paths) == len(outward.states)
    for path, states in zip(paths, outward.states, strict=True):
        for end in (0, -1):
            expected = (states[end, :2] - (1 - MU, 0.0)) * AU_KM
            np.testing.assert_allclose(path[end], expected, atol=1e-3)
    x, y = artist(ax, "orbit").get_data()
    expected = (states_along(orbit, [0.0, 0.3])[:, :2] - (1 - MU, 0.0)) * AU_KM
    miss = np.hypot(x[:, None] - expected[:, 0], y[:, None] - expected[:, 1]).min(axis=0)
    assert miss[0] < 0.01
    assert miss[1] < 0.02 * np.ptp(y)  # between two samples


def test_the_picture_is_centred_on_the_earth_and_of_one_scale(outward, inward):
    ax = plot_manifold([outward, inward], within=2_500_000 * u.km)
    assert ax.get_xlim() == (-2_500_000.0, 2_500_000.0)
    assert ax.get_ylim() == pytest.approx((-1_500_000.0, 1_500_000.0))
    assert ax.get_aspect() == 1.0
    assert ax.get_xlabel() == "x from the Earth, thousand km"
    assert artist(ax, "Earth").radius == RADIUS_EARTH_KM
    assert artist(ax, "Moon's orbit").center == (0.0, 0.0)
    assert artist(ax, "L2").get_xdata()[0] == pytest.approx(L2_KM, abs=0.1)
    assert artist(ax, "L1").get_xdata()[0] == pytest.approx(-1_499_872, abs=1000)
    assert artist(ax, "unstable manifold").get_edgecolor().tolist() != (
        artist(ax, "stable manifold").get_edgecolor().tolist()
    )
    assert ax.get_title("left") == "Stable and unstable manifolds"
    assert ax.get_title("right") == f"16 arcs of up to 291 d, Jacobi constant {JPL_C:.7f}"
    assert {"stable manifold: towards the orbit", "unstable manifold: away from the orbit"} <= set(
        texts(ax.get_legend())
    )


def _allowed(x, y, constant):
    """Whether the plane holds a body of the constant, by the definition of the constant."""
    r1, r2 = np.hypot(x + MU, y), np.hypot(x - 1 + MU, y)
    return x**2 + y**2 + 2 * (1 - MU) / r1 + 2 * MU / r2 >= constant


@pytest.mark.parametrize("z_km", [60_000.0, 700_000.0])
def test_the_shade_is_what_the_constant_forbids(z_km):
    orbit = halo_orbit(MU, "L1", z_amplitude=z_km / AU_KM)
    arcs = manifold_arcs(orbit, stable=False, exterior=True, phases=[0.0, 0.5], duration=3.0)
    shade = artist(plot_manifold(arcs), "forbidden").get_path()
    rng = np.random.default_rng(3)
    near = rng.uniform(-3e6, 3e6, (400, 2))
    far = rng.uniform(-1.4, 1.4, (400, 2)) * AU_KM - ((1 - MU) * AU_KM, 0.0)
    places = np.concatenate([near, far])
    x, y = places.T
    allowed = _allowed(x / AU_KM + 1 - MU, y / AU_KM, orbit.jacobi_constant)
    np.testing.assert_array_equal(_filled(shade, places), ~allowed)
    assert 50 < allowed.sum() < 750


def _filled(path, places):
    """Which places are inside an odd number of a path's outlines."""
    outlines = path.to_polygons(closed_only=False)
    return np.sum([Path(one).contains_points(places) for one in outlines], axis=0) % 2 == 1


def test_ovals_within_the_shade_stay_open():
    """Above the constant of L1 the Earth's own oval is a hole, on the page as in the path."""
    ax = plt.figure(figsize=(4, 4), dpi=50).add_axes((0, 0, 1, 1))
    constant = float(jacobi_constant(MU, [*libration_points(MU)[0], 0, 0, 0])) + 1e-4
    _forbidden(ax, MU, constant, 3e6)
    shade = artist(ax, "forbidden").get_path()
    places = [(100_000.0, 0.0), (L2_KM, 0.0), (-0.5 * AU_KM, 0.0)]
    assert _filled(shade, places).tolist() == [False, True, False]
    ax.set(xlim=(-3e6, 3e6), ylim=(-3e6, 3e6))
    ax.figure.canvas.draw()
    pixels = np.asarray(ax.figure.canvas.buffer_rgba())
    assert pixels[100, 103, 0] == 255  # beside the Earth
    assert pixels[100, 150, 0] == round(255 * to_rgb(sun_earth.FORBIDDEN)[0])  # L2


def test_no_arc_enters_the_shade(outward, inward):
    ax = plot_manifold([outward, inward])
    shade = artist(ax, "forbidden").get_path()
    for gid in ("unstable manifold", "stable manifold"):
        assert not _filled(shade, np.concatenate(drawn(ax, gid))).any()


def test_branches_of_different_orbits_are_refused(outward):
    other = halo_orbit(MU, "L2", jacobi=3.0007)
    arcs = manifold_arcs(other, stable=True, exterior=True, phases=[0.0], duration=1.0)
    with pytest.raises(ValueError, match="branches of one orbit"):
        plot_manifold([outward, arcs])
    with pytest.raises(ValueError, match="at least one branch"):
        plot_manifold([])


# The page


def test_same_orbits_same_bytes_small_and_without_a_trace(halo, orbit, outward, parking):
    before = dict(mpl.rcParams)
    makers = (
        lambda: plot_families(halo, orbits=[orbit]),
        lambda: plot_stability(halo),
        lambda: plot_manifold(outward, orbit=orbit).figure,
        lambda: plot_parking(parking).figure,
    )
    for make in makers:
        first, second = svg_bytes(make()), svg_bytes(make())
        assert first == second
        assert b"<text" in first and len(first) < 1_000_000
    assert dict(mpl.rcParams) == before


def test_draws_where_it_is_told(halo, outward, parking):
    given = plt.figure()
    assert plot_families(halo, given, members=2) is given
    for plot, what in ((plot_manifold, outward), (plot_parking, parking)):
        ax = plt.figure().subplots()
        assert plot(what, ax) is ax


def test_nothing_written_lies_over_something_else_written(halo, orbit, outward, inward, parking):
    figures = (
        plot_families(halo, orbits=[orbit], members=5),
        plot_families([halo, lyapunov_family(MU, "L2")], members=3),
        plot_stability(halo, orbits=[orbit]),
        plot_manifold([outward, inward], orbit=orbit).figure,
        plot_parking(parking, exclusion=0.6 * u.deg).figure,
    )
    for figure in figures:
        with figure_style():
            figure.canvas.draw()
            boxes = _written(figure)
        assert len(boxes) > 10
        for k, (name, box) in enumerate(boxes):
            for other, beside in boxes[:k]:
                # Touching frames of letters are no overlap: a pixel and a half either way.
                assert not box.padded(-1.5).overlaps(beside.padded(-1.5)), (name, other)


def _written(figure):
    """Text and frame of everything that the figure shows in letters."""
    unseen = set()
    for ax in figure.axes:
        for axis in (ax.xaxis, ax.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.majorTicks, *axis.minorTicks):
                if not low <= tick.get_loc() <= high:
                    unseen |= {tick.label1, tick.label2}
    return [
        (one.get_text(), one.get_window_extent())
        for one in figure.findobj(mpl.text.Text)
        if one.get_text().strip() and one.get_visible() and one not in unseen
    ]
