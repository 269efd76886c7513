"""Families of periodic orbits about a libration point, in three projections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import astropy.units as u
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from survey.astro.family import Family
from survey.astro.periodic import PeriodicOrbit
from survey.constants import MOON_ORBIT_KM
from survey.report import style
from survey.report import sun_earth as scene
from survey.report.colours import ramp
from survey.report.paths import orbit_paths
from survey.transfer.parking_family import TIME_UNIT_D

Array = NDArray[np.float64]

WITHIN: Final = 2_000_000 * u.km

COLOURS: Final[dict[tuple[str, bool | None], str]] = {
    ("halo", True): scene.HALO_NORTHERN,
    ("halo", False): scene.HALO_SOUTHERN,
    ("planar Lyapunov", None): scene.PLANAR,
    ("vertical Lyapunov", None): scene.VERTICAL,
}
_DARKEST_TO_PALEST: Final = (0.0, 0.82)  # of the ramp: paler lines vanish on paper


def plot_families(
    families: Family | Sequence[Family],
    figure: Figure | None = None,
    *,
    orbits: Sequence[PeriodicOrbit] = (),
    members: int = 12,
    within: u.Quantity = WITHIN,
) -> Figure:
    """Draw families of periodic orbits in three projections, in km from the libration point.

    Parameters
    ----------
    families : Family or sequence of Family
        All about one point and of one mass ratio, that of the Sun and the Earth. One family alone
        is coloured by the Jacobi constant of its members, several each in a colour of its own.
    figure : Figure, optional
        An empty one to draw in, which is then resized; a new one of pyplot's without it.
    orbits : sequence of PeriodicOrbit, optional
        Of the same point, drawn bold.
    members : int
        How many orbits of each family, evenly along it.
    within : Quantity, optional
        A family is drawn up to its first member that goes farther from the point than this along
        any axis.

    Returns
    -------
    Figure
        Axes x-z, y-z (seen from the Sun, y to the right) and x-y, in this order, of equal scale,
        with the Earth and the Moon's orbit to scale; data in km.

    Raises
    ------
    ValueError
        Without a family, with families of several points or mass ratios, for a mass ratio that is
        not the Sun's and the Earth's, or where no member stays within the distance.
    """
    several = [families] if isinstance(families, Family) else list(families)
    point, mu = _one_system(several, orbits)
    limit = float(within.to_value(u.km))
    figure = style.sized_figure(figure, 6.9, 6.0)
    with style.figure_style():
        x_point = scene.point_x_km(mu, point)
        drawn = [_members(family, members, limit) for family in several]
        bold = _km_paths(mu, point, [o.state for o in orbits], [o.period for o in orbits])
        axes, corner = _three_axes(
            figure, [p for paths, _ in drawn for p in paths] + bold, x_point, point
        )
        scale = _jacobi_scale(drawn[0][1]) if len(several) == 1 else None
        for family, (paths, jacobi) in zip(several, drawn, strict=True):
            colours = (
                [COLOURS[family.name, family.northern]] * len(paths)
                if scale is None
                else list(scale.to_rgba(jacobi))
            )
            _draw(axes, paths, colours, 0.6, family_name(family))
        _draw(axes, bold, [style.INK] * len(bold), 1.5, "orbit")
        _key(figure, corner, several, orbits, scale)
    return figure


def family_name(family: Family, *, point: bool = False) -> str:
    """Name a family as it is printed: ``northern halo orbits about L2``."""
    side = {None: "", True: "northern ", False: "southern "}[family.northern]
    return f"{side}{family.name} orbits" + (f" about {family.point}" if point else "")


def _one_system(families: Sequence[Family], orbits: Sequence[PeriodicOrbit]) -> tuple[str, float]:
    if not families:
        raise ValueError("no family was given to draw: give at least one")
    systems = sorted(
        {(f.point, f.mass_ratio) for f in families} | {(o.point, o.mass_ratio) for o in orbits}
    )
    if len(systems) > 1:
        listed = ", ".join(f"{point} of {mu:.6g}" for point, mu in systems)
        raise ValueError(
            f"the families and orbits belong to {listed}: give those of one point and one mass "
            "ratio, and draw a figure for each"
        )
    scene.check_sun_earth(systems[0][1], "the family")
    return systems[0]


def _members(family: Family, count: int, limit: float) -> tuple[list[Array], Array]:
    """Paths in km from the point, and Jacobi constants, of members that stay near."""
    paths = _km_paths(family.mass_ratio, family.point, family.states, family.periods)
    near = np.array([np.abs(path).max() <= limit for path in paths])
    last = len(near) if near.all() else int(np.argmin(near))
    size = np.array([np.ptp(path, axis=0).max() for path in paths[:last]])
    if last == 0:
        raise ValueError(
            f"no {family_name(family)} stay within {limit:,.0f} km of {family.point}: widen it"
        )
    s = family.arclengths[:last]
    wanted = np.linspace(s[0], s[-1], count + 1)[1:]
    if size[0] > 0.01 * size.max():  # a halo family begins with a large orbit, others with a dot
        wanted = np.linspace(s[0], s[-1], count)
    chosen = np.unique(np.abs(s[:, None] - wanted).argmin(axis=0))
    return [paths[k] for k in chosen], family.jacobi_constants[chosen]


def _km_paths(mu: float, point: str, states: Any, periods: Any) -> list[Array]:
    if not len(states):
        return []
    from_point = np.array([scene.point_x_km(mu, point), 0.0, 0.0])
    paths = orbit_paths(mu, np.asarray(states), np.asarray(periods))
    return [scene.km_from_earth(mu, path) - from_point for path in paths]


def _three_axes(
    figure: Figure, paths: list[Array], x_point: float, point: str
) -> tuple[list[Axes], Axes]:
    """Lay out x-z above x-y and beside y-z, all of one scale, as draughtsmen do."""
    every = np.concatenate(paths)
    low, high = every.min(axis=0), every.max(axis=0)
    moon = MOON_ORBIT_KM
    low = np.minimum(low, [-x_point - moon, -moon, -moon / 2])
    high = np.maximum(high, [-x_point + moon, moon, moon / 2])
    margin = 0.04 * (high - low).max()
    low, high = low - margin, high + margin
    wide, deep, tall = high - low
    away: Literal["left", "right"] = "left" if x_point > 0.0 else "right"
    inches = (6.9 - 1.05) / (wide + deep)
    figure.set_size_inches(6.9, inches * (tall + deep) + 1.0)
    grid = figure.add_gridspec(2, 2, width_ratios=(wide, deep), height_ratios=(tall, deep))
    xz, xy = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    yz = figure.add_subplot(grid[0, 1])
    planes: tuple[tuple[Axes, scene.Plane, int, int], ...] = (
        (xz, "xz", 0, 2), (yz, "yz", 1, 2), (xy, "xy", 0, 1),
    )  # fmt: skip
    for ax, name, across, up in planes:
        ax.set_aspect("equal")
        ax.set_xlim(low[across], high[across])
        ax.set_ylim(low[up], high[up])
        scene.light_spines(ax)
        ax.set_gid(name)
        scene.thousand_km_axes(
            ax,
            x="" if ax is xz else f"{name[0]} from {point}",
            y="" if ax is yz else f"{name[1]} from {point}",
        )
        scene.draw_earth_and_moon(ax, name, earth_x=-x_point, names="" if ax is yz else away)
        scene.draw_point(ax, point, 0.0)
    xz.tick_params(labelbottom=False)
    yz.tick_params(labelleft=False)
    corner = figure.add_subplot(grid[1, 1])
    corner.set_axis_off()
    return [xz, yz, xy], corner


def _draw(axes: list[Axes], paths: list[Array], colours: list[Any], width: float, gid: str) -> None:
    if not paths:
        return
    for ax, (across, up) in zip(axes, ((0, 2), (1, 2), (0, 1)), strict=True):
        lines = LineCollection(
            [path[:, [across, up]] for path in paths], colors=colours, linewidths=width, gid=gid,
            zorder=2.5 if width > 1 else 2, joinstyle="round",
        )  # fmt: skip
        ax.add_collection(lines, autolim=False)


def line_shades() -> LinearSegmentedColormap:
    """Return the report's ramp without its palest end, which as a line would vanish on paper."""
    first, last = _DARKEST_TO_PALEST
    return LinearSegmentedColormap.from_list("lines", ramp()(np.linspace(first, last, 64)))


def _jacobi_scale(jacobi: Array) -> ScalarMappable:
    low, high = float(jacobi.min()), float(jacobi.max())
    return ScalarMappable(Normalize(low, high if high > low else low + 1e-9), line_shades())


def _key(
    figure: Figure, corner: Axes, families: list[Family], bold: Sequence[PeriodicOrbit],
    scale: ScalarMappable | None,
) -> None:  # fmt: skip
    """Fill the free corner: names of the families, or the scale of the Jacobi constant."""
    keys = []
    if scale is None:
        corner.text(0.12, 0.93, f"Periodic orbits about {families[0].point}", fontweight="bold",
                    transform=corner.transAxes, fontsize=9.5, va="top")  # fmt: skip
        keys = [
            Line2D([], [], color=COLOURS[f.name, f.northern], linewidth=1.4, label=family_name(f))
            for f in families
        ]
    else:
        corner.text(0.12, 0.93, family_name(families[0], point=True), fontweight="bold",
                    transform=corner.transAxes, fontsize=9.5, va="top")  # fmt: skip
        bar = figure.colorbar(scale, cax=corner.inset_axes((0.12, 0.68, 0.7, 0.04)),
                              orientation="horizontal")  # fmt: skip
        bar.outline.set_linewidth(0.4)
        bar.ax.tick_params(length=2)
        bar.ax.xaxis.set_major_locator(MaxNLocator(nbins=3))
        bar.ax.ticklabel_format(useOffset=False)
        bar.set_label("Jacobi constant")
    if bold:
        label = " and ".join(f"{orbit.period * TIME_UNIT_D:.2f} d" for orbit in bold)
        keys.append(Line2D([], [], color=style.INK, linewidth=1.5, label=f"period {label}"))
    if keys:
        corner.legend(handles=keys, loc="upper left", fontsize=8,
                      bbox_to_anchor=(0.08, 0.85 if scale is None else 0.45))  # fmt: skip
