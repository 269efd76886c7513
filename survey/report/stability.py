"""Stability index, period and Jacobi constant along a family of periodic orbits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from survey.astro.bifurcations import Bifurcation, find_bifurcations
from survey.astro.cr3bp import libration_points
from survey.astro.family import Family
from survey.astro.periodic import PeriodicOrbit
from survey.constants import AU_KM
from survey.report import style
from survey.report import sun_earth as scene
from survey.report.orbits import COLOURS, family_name
from survey.transfer.parking_family import TIME_UNIT_D

_ALONG: Final = {
    "x_amplitude": "x of the crossing of the x–z plane, from {point}",
    "z_amplitude": "z amplitude",
    "period": "period, d",
    "jacobi": "Jacobi constant",
}
_MARKS: Final = {
    "tangent": ("o", "tangent bifurcation"),
    "fold": ("v", "fold: the Jacobi constant turns back"),
    "period doubling": ("s", "period doubling"),
    "Krein": ("D", "Krein collision"),
}


def plot_stability(
    family: Family,
    figure: Figure | None = None,
    *,
    along: str = "x_amplitude",
    bifurcations: Sequence[Bifurcation] | None = None,
    orbits: Sequence[PeriodicOrbit] = (),
) -> Figure:
    """Draw the stability index, the period and the Jacobi constant along a family.

    Parameters
    ----------
    family : Family
        Of the Sun and the Earth.
    figure : Figure, optional
        As for `plot_families`.
    along : {"x_amplitude", "z_amplitude", "period", "jacobi"}
        The measure across; only the first grows or falls steadily along every family.
    bifurcations : sequence of Bifurcation, optional
        To be marked; found here without it.
    orbits : sequence of PeriodicOrbit, optional
        Members of the family, marked by rings.

    Returns
    -------
    Figure
        Three panels that share their x axis: stability index (logarithmic), period in days, Jacobi
        constant.

    Raises
    ------
    ValueError
        For an unknown measure, or a mass ratio that is not the Sun's and the Earth's.
    """
    if along not in _ALONG:
        raise ValueError(
            f"the family was to be drawn along {along!r}: write one of "
            f"{', '.join(map(repr, _ALONG))}"
        )
    scene.check_sun_earth(family.mass_ratio, f"the {family.name} family")
    found = find_bifurcations(family) if bifurcations is None else tuple(bifurcations)
    figure = style.sized_figure(figure, 6.9, 4.9)
    with style.figure_style():
        axes = figure.subplots(3, 1, sharex=True, height_ratios=(1.35, 1, 1))
        # With the bifurcations among the members, the curves have their corners where they belong.
        places = np.concatenate([family.arclengths, [b.arclength for b in found]])
        order = np.argsort(places, kind="stable")
        across = _across(along, family.curve(along)(places[order]))
        curves = (
            ("stability index ν", family.stability_indices, "stability_index", 1.0),
            ("period, d", family.periods, "period", TIME_UNIT_D),
            ("Jacobi constant", family.jacobi_constants, "jacobi_constant", 1.0),
        )
        colour = COLOURS[family.name, family.northern]
        for ax, (label, members, name, unit) in zip(axes, curves, strict=True):
            values = np.concatenate([members, [getattr(b.orbit, name) for b in found]]) * unit
            ax.plot(across, values[order], color=colour, linewidth=1.2, gid=label, zorder=2)
            ax.set_ylabel(label)
            scene.light_spines(ax)
        _stability_axis(axes[0])
        axes[2].ticklabel_format(axis="y", useOffset=False)
        axes[2].yaxis.set_major_locator(MaxNLocator(nbins=5))
        keys = _mark_bifurcations(axes, family, found, along) + _mark_orbits(axes, orbits, along)
        _across_axis(axes[2], along, family.point)
        axes[0].set_title(family_name(family, point=True), loc="left", fontweight="bold")
        if keys:
            figure.legend(handles=keys, loc="outside lower center", ncols=len(keys),
                          handletextpad=0.1, columnspacing=1.4)  # fmt: skip
        figure.align_ylabels(list(axes))
    return figure


def _across(along: str, values: Any) -> Any:
    factor = {"period": TIME_UNIT_D, "jacobi": 1.0}.get(along, AU_KM)
    return np.asarray(values) * factor


def _across_axis(ax: Axes, along: str, point: str) -> None:
    label = _ALONG[along].format(point=point)
    if along in ("period", "jacobi"):
        ax.set_xlabel(label)
        ax.ticklabel_format(axis="x", useOffset=False)
    else:
        ax.xaxis.set_major_locator(MaxNLocator(nbins=9, steps=[1, 2, 5, 10]))
        ax.xaxis.set_major_formatter(FuncFormatter(scene.thousands))
        ax.set_xlabel(f"{label}, thousand km")


def _stability_axis(ax: Axes) -> None:
    ax.set_yscale("log")
    ax.set_ylim(bottom=0.8)
    ax.yaxis.set_major_locator(FixedLocator([1, 3, 10, 30, 100, 300, 1000, 3000]))
    ax.yaxis.set_minor_locator(NullLocator())
    ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    ax.axhline(1.0, color=style.FAINT, linewidth=0.5, linestyle=(0, (4, 3)), gid="stable",
               zorder=1)  # fmt: skip
    ax.annotate("linearly stable", (1.0, 1.0), (-2, 2), xycoords=("axes fraction", "data"),
                textcoords="offset points", ha="right", va="bottom", fontsize=7,
                color=style.FAINT)  # fmt: skip


def _mark_bifurcations(
    axes: Sequence[Axes], family: Family, found: Sequence[Bifurcation], along: str
) -> list[Line2D]:
    keys: dict[str, Line2D] = {}
    for one in found:
        marker, label = _MARKS["fold" if one.kind == "tangent" and one.fold else one.kind]
        x = float(_across(along, family.curve(along)(one.arclength)))
        orbit = one.orbit
        values = (orbit.stability_index, orbit.period * TIME_UNIT_D, orbit.jacobi_constant)
        look: dict[str, Any] = {
            "marker": marker, "markersize": 4.5, "markerfacecolor": style.PAPER,
            "markeredgecolor": style.INK, "markeredgewidth": 0.8, "linestyle": "",
        }  # fmt: skip
        for ax, value in zip(axes, values, strict=True):
            ax.axvline(x, color=style.FAINT, linewidth=0.4, alpha=0.6, zorder=1)
            ax.plot([x], [value], **look, gid=one.kind, zorder=3)
        keys.setdefault(label, Line2D([], [], **look, label=label))
    return list(keys.values())


def _mark_orbits(axes: Sequence[Axes], orbits: Sequence[PeriodicOrbit], along: str) -> list[Line2D]:
    look: dict[str, Any] = {
        "marker": "o", "markersize": 6, "markerfacecolor": style.INK, "linestyle": "",
        "markeredgecolor": style.PAPER, "markeredgewidth": 0.8,
    }  # fmt: skip
    for orbit in orbits:
        measures = {
            "x_amplitude": orbit.state[0] - libration_x(orbit),
            "z_amplitude": abs(orbit.state[2]),
            "period": orbit.period,
            "jacobi": orbit.jacobi_constant,
        }
        x = float(_across(along, measures[along]))
        values = (orbit.stability_index, orbit.period * TIME_UNIT_D, orbit.jacobi_constant)
        for ax, value in zip(axes, values, strict=True):
            ax.plot([x], [value], **look, gid="orbit", zorder=4)
    label = " and ".join(f"{orbit.period * TIME_UNIT_D:.2f} d" for orbit in orbits)
    return [Line2D([], [], **look, label=f"period {label}")] if orbits else []


def libration_x(orbit: PeriodicOrbit) -> float:
    """Nondimensional x of the libration point that an orbit turns about."""
    return float(libration_points(orbit.mass_ratio)[scene.POINTS.index(orbit.point), 0])
