"""Tubes of free motion onto and off a libration-point orbit, seen from above the ecliptic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import astropy.units as u
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from numpy.typing import NDArray

from survey.astro.cr3bp import jacobi_constant
from survey.astro.cr3bp_regions import zero_velocity_curve
from survey.astro.manifold import ManifoldArcs
from survey.astro.periodic import PeriodicOrbit
from survey.constants import AU_KM
from survey.report import style
from survey.report import sun_earth as scene
from survey.report.paths import orbit_paths, smooth_paths
from survey.transfer.parking_family import TIME_UNIT_D

Array = NDArray[np.float64]

WITHIN: Final = 3_000_000 * u.km
_HEIGHT: Final = 0.6  # of the width
_MANY: Final = 20_000  # points beyond which lines are drawn as one image, to keep files small
_CURVE_POINTS: Final = 20_000  # of a curve round the Sun, so that it is smooth beside the Earth


def plot_manifold(
    arcs: ManifoldArcs | Sequence[ManifoldArcs],
    ax: Axes | None = None,
    *,
    orbit: PeriodicOrbit | None = None,
    zero_velocity: bool = True,
    within: u.Quantity = WITHIN,
) -> Axes:
    """Draw branches of the manifolds of a periodic orbit in the rotating frame, x-y.

    Parameters
    ----------
    arcs : ManifoldArcs or sequence of ManifoldArcs
        Branches of one orbit of the Sun and the Earth.
    ax : Axes, optional
        Where to draw; a new figure without it.
    orbit : PeriodicOrbit, optional
        The orbit itself, drawn bold.
    zero_velocity : bool
        Whether to shade what the arcs' Jacobi constant forbids in the plane of the primaries.
        Off that plane it forbids more, so no arc enters the shade.
    within : Quantity, optional
        Half the width of the picture, which is centred on the Earth.

    Returns
    -------
    Axes
        Data in km from the Earth, the Sun to the left, with the Earth and the Moon's orbit to
        scale.

    Raises
    ------
    ValueError
        Without arcs, with arcs of several mass ratios or Jacobi constants, or for a mass ratio
        that is not the Sun's and the Earth's.
    """
    branches = [arcs] if isinstance(arcs, ManifoldArcs) else list(arcs)
    mu, jacobi = _one_energy(branches)
    if ax is None:
        figure = style.sized_figure(None, 6.9, 6.9 * _HEIGHT + 0.5)
        with style.figure_style():
            ax = figure.subplots()
    with style.figure_style():
        half = float(within.to_value(u.km))
        ax.set_aspect("equal")
        ax.set_xlim(-half, half)
        ax.set_ylim(-_HEIGHT * half, _HEIGHT * half)
        scene.thousand_km_axes(ax, x="x from the Earth", y="y from the Earth", bins=9)
        keys: list[Artist | None] = [_tubes(ax, branches, stable, half) for stable in (True, False)]
        if zero_velocity:
            keys.append(_forbidden(ax, mu, jacobi, half))
        if orbit is not None:
            (path,) = orbit_paths(mu, orbit.state[None], [orbit.period])
            x, y, _ = scene.km_from_earth(mu, path).T
            ax.plot(x, y, color=style.INK, linewidth=1.3, gid="orbit", zorder=3)
            keys.append(Line2D([], [], color=style.INK, linewidth=1.3, label=_orbit_name(orbit)))
        scene.draw_earth_and_moon(ax, "xy")
        for name in ("L1", "L2"):
            scene.draw_point(ax, name, scene.point_x_km(mu, name))
        ax.annotate("← to the Sun", (0, 0), (0, -26), xycoords="axes fraction", va="baseline",
                    textcoords="offset points", gid="Sun")  # fmt: skip
        _titles(ax, branches, jacobi)
        shown = [key for key in keys if key is not None]
        ax.legend(handles=shown, loc="upper center", bbox_to_anchor=(0.5, -0.115),
                  ncols=len(shown) if len(shown) < 4 else 2, columnspacing=1.6,
                  borderaxespad=0.0)  # fmt: skip
    return ax


def _one_energy(branches: Sequence[ManifoldArcs]) -> tuple[float, float]:
    if not branches or not all(len(one.seeds) for one in branches):
        raise ValueError("no arcs of a manifold were given to draw: give at least one branch")
    ratios = {one.mass_ratio for one in branches}
    if len(ratios) > 1:
        raise ValueError(
            f"the branches have the mass ratios {', '.join(f'{mu:.6g}' for mu in sorted(ratios))}: "
            "give those of one orbit"
        )
    mu = ratios.pop()
    scene.check_sun_earth(mu, "the manifold")
    constants = np.concatenate([jacobi_constant(mu, one.seeds) for one in branches])
    # Displaced by 150 km, the seeds of one orbit differ by some 1e-11.
    if np.ptp(constants) > 1e-8:
        raise ValueError(
            f"the arcs have Jacobi constants from {constants.min():.9f} to {constants.max():.9f}: "
            "give branches of one orbit"
        )
    return mu, float(np.median(constants))


def _tubes(ax: Axes, branches: Sequence[ManifoldArcs], stable: bool, half: float) -> Line2D | None:
    lines: list[Array] = []
    for one in branches:
        if one.stable == stable:
            paths = smooth_paths(one.mass_ratio, one.states, one.times)
            lines += [_clipped(scene.km_from_earth(one.mass_ratio, path), half) for path in paths]
    if not lines:
        return None
    colour = scene.STABLE if stable else scene.UNSTABLE
    name = "stable manifold" if stable else "unstable manifold"
    tubes = LineCollection(lines, colors=[colour], linewidths=0.45, alpha=0.75, gid=name, zorder=2)
    tubes.set_rasterized(sum(map(len, lines)) > _MANY)
    ax.add_collection(tubes, autolim=False)
    label = f"{name}: {'towards' if stable else 'away from'} the orbit"
    return Line2D([], [], color=colour, linewidth=1.2, label=label)


def _clipped(path: Array, half: float) -> Array:
    """Leave out what lies far beyond the picture."""
    place = path[:, :2].copy()
    place[np.abs(place).max(axis=-1) > 1.5 * half] = np.nan
    return place


def _forbidden(ax: Axes, mu: float, jacobi: float, half: float) -> Patch | None:
    curves = zero_velocity_curve(mu, jacobi, points=_CURVE_POINTS)
    if not curves:
        return None
    outlines = [_thinned((curve - (1.0 - mu, 0.0)) * AU_KM, half) for curve in curves]
    turned = []
    for k, outline in enumerate(outlines):
        # Ovals inside another are holes: walked round the other way, they stay unfilled.
        hole = any(
            Path(other).contains_point((outline[0, 0], outline[0, 1]))
            for j, other in enumerate(outlines)
            if j != k
        )
        x, y = outline.T
        left = float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) > 0.0
        turned.append(Path(outline if left != hole else outline[::-1]))
    look: dict[str, Any] = {
        "facecolor": scene.FORBIDDEN, "edgecolor": style.FAINT, "linewidth": 0.6
    }  # fmt: skip
    shade = PathPatch(Path.make_compound_path(*turned), **look, zorder=1, gid="forbidden")
    ax.add_patch(shade)
    return Patch(**look, label="forbidden by the Jacobi constant")


def _thinned(outline: Array, half: float) -> Array:
    """Leave out most points that lie far beyond the picture."""
    kept = np.abs(outline).max(axis=-1) < 2.0 * half
    kept[:: _CURVE_POINTS // 1000] = True
    kept[-1] = True
    return np.asarray(outline[kept])


def _orbit_name(orbit: PeriodicOrbit) -> str:
    side = {None: "", True: "northern ", False: "southern "}[orbit.northern]
    return f"{side}{orbit.family} orbit, {orbit.period * TIME_UNIT_D:.1f} d"


def _titles(ax: Axes, branches: Sequence[ManifoldArcs], jacobi: float) -> None:
    sides = {"exterior" if one.exterior else "interior" for one in branches}
    kinds = sorted({"stable" if one.stable else "unstable" for one in branches})
    plural = "s" if len(kinds) > 1 else ""
    title = f"{' and '.join(kinds)} manifold{plural}".capitalize()
    if len(sides) == 1:
        title += f", {sides.pop()}"
    ax.set_title(title, loc="left", fontweight="bold")
    lengths = [float(np.abs(one.times[-1])) * TIME_UNIT_D for one in branches]
    days = f"{'up to ' if np.ptp(lengths) > 0.5 else ''}{max(lengths):.0f} d"
    ax.set_title(f"{sum(len(one.seeds) for one in branches)} arcs of {days}, "
                 f"Jacobi constant {jacobi:.7f}", loc="right", fontsize=8,
                 color=style.FAINT)  # fmt: skip
