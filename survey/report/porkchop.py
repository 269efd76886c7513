"""The porkchop plot: delta-v of one asteroid over departure date and time of flight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import astropy.units as u
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.contour import QuadContourSet
from matplotlib.ticker import AutoMinorLocator, MaxNLocator
from numpy.typing import NDArray

from survey.report import dates, style
from survey.report.colours import ramp
from survey.report.levels import contour_levels
from survey.run import calendar_date
from survey.transfer.grid import DeltaVMap

Kind = Literal["rendezvous", "flyby"]
KINDS = ("rendezvous", "flyby")
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Best:
    """The cheapest cell of a map, or the best window of a table: its dates and delta-v."""

    departure_jd_tdb: float
    tof_d: float
    dv_m_s: float


def values_m_s(delta_v_map: DeltaVMap, kind: str) -> NDArray[np.float64]:
    """Delta-v of a map in m/s, shape ``(n, m)``; infinities count as no solution (NaN)."""
    if kind not in KINDS:
        raise ValueError(f"the kind was given as {kind!r}: write 'rendezvous' or 'flyby'")
    quantity = delta_v_map.rendezvous_dv if kind == "rendezvous" else delta_v_map.flyby_dv
    values = np.array(quantity.to_value(u.m / u.s), dtype=float)
    values[~np.isfinite(values)] = np.nan
    return values


def best_cell(delta_v_map: DeltaVMap, kind: str) -> Best | None:
    """Find the cheapest cell of a map; None where the map has no solution."""
    values = values_m_s(delta_v_map, kind)
    if np.isnan(values).all():
        return None
    row, column = np.unravel_index(np.nanargmin(values), values.shape)
    return Best(
        float(delta_v_map.grid.departure_jd_tdb[row]),
        float(delta_v_map.grid.tof_d[column]),
        float(values[row, column]),
    )


def fidelity_text(delta_v_map: DeltaVMap) -> str:
    """Name the rung a map stands on, e.g. ``n-body asteroid, two-body craft``."""
    return rung_text(delta_v_map.fidelity, delta_v_map.asteroid_model)


def rung_text(fidelity: str, asteroid_model: str) -> str:
    """Say how asteroid and craft were moved."""
    model = {"kepler": "Kepler"}.get(asteroid_model, asteroid_model)
    return f"{model} asteroid, {fidelity} craft"


def full_name(designation: str, name: str) -> str:
    """Join number and name as they are printed: ``469219 Kamoʻoalewa``."""
    return f"{designation} {name}".strip()


def plot_porkchop(
    delta_v_map: DeltaVMap,
    ax: Axes | None = None,
    *,
    kind: Kind = "rendezvous",
    budget: u.Quantity | None = None,
    windows: pd.DataFrame | None = None,
    levels: NDArray[np.float64] | None = None,
) -> Axes:
    """Draw the delta-v map of one asteroid: departure date across, time of flight up.

    Filled contours give the delta-v, oblique lines join cells that arrive on one date, light
    horizontal lines join equal times of flight, and a ring marks the cheapest cell.

    Parameters
    ----------
    delta_v_map : DeltaVMap
        Map of shape ``(n, m)``, both at least 2.
    ax : Axes, optional
        Where to draw; a new figure without it.
    kind : {"rendezvous", "flyby"}
        Which delta-v.
    budget : Quantity, optional
        A delta-v to be drawn as one more contour.
    windows : DataFrame, optional
        Rows of `survey.tables.TRANSFERS` of this asteroid; the windows of this kind are then
        marked in place of the cheapest cell, the best with its dates, the others by number.
    levels : ndarray, optional
        Increasing contour levels, m/s, for maps that are to be compared; the map's own without.

    Returns
    -------
    Axes
        Its x axis is in matplotlib days (UTC), its y axis in days.

    Raises
    ------
    ValueError
        When the kind is unknown or the map has fewer than two dates or flight times.
    """
    values = values_m_s(delta_v_map, kind)
    if min(values.shape) < 2:
        raise ValueError(
            f"the map has {values.shape[0]} departure date(s) and {values.shape[1]} time(s) of "
            "flight, but contours need two of each: widen the grid"
        )
    if ax is None:
        figure = style.sized_figure(None, 6.9, 3.5)
        with style.figure_style():
            ax = figure.subplots()
    with style.figure_style():
        x = dates.date_numbers(delta_v_map.grid.departure_jd_tdb)
        y = delta_v_map.grid.tof_d
        ax.set_xlim(x[0], x[-1])
        ax.set_ylim(y[0], y[-1])
        _axes_of_dates(ax)
        best = best_cell(delta_v_map, kind)
        others: list[tuple[str, Best]] = []
        if windows is not None and best is not None:
            best, others = _from_table(windows, kind, best)
        if best is None:
            _hatch(ax)
            ax.text(
                0.5, 0.5, "no solution on this grid", transform=ax.transAxes,
                ha="center", va="center", bbox={"facecolor": style.PAPER, "edgecolor": "none"},
            )  # fmt: skip
        else:
            if np.isnan(values).any():
                _hatch(ax)
            _fill(
                ax, x, y, values, kind, budget, contour_levels(values) if levels is None else levels
            )
        box = None if best is None else _best_box(ax, best)
        _arrival_lines(ax, box)
        if best is not None and box is not None:
            _mark_others(ax, others)
            _mark_best(ax, best, box)
        _titles(ax, delta_v_map, kind)
    return ax


def _axes_of_dates(ax: Axes) -> None:
    dates.date_axis(ax)
    ax.yaxis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 2.5, 5, 10]))
    ax.yaxis.set_minor_locator(AutoMinorLocator(2))
    ax.set_ylabel("time of flight, d")
    ax.set_axisbelow(False)
    ax.grid(axis="y", color=style.INK, linewidth=0.35, alpha=0.16)


def _hatch(ax: Axes) -> None:
    """Let the axes' own background stand for cells without a solution, and say so."""
    ax.patch.set(facecolor="#e3e4e6", edgecolor="#b4b7bb", hatch="/////")
    ax.text(
        1.0, -0.115, "hatched: no solution", transform=ax.transAxes, ha="right", va="top",
        fontsize=7, color=style.FAINT,
    )  # fmt: skip


def _fill(
    ax: Axes,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    values: NDArray[np.float64],
    kind: str,
    budget: u.Quantity | None,
    levels: NDArray[np.float64],
) -> None:
    unit, factor = ("m/s", 1.0) if levels[-1] <= 1000.0 else ("km/s", 1e-3)
    shades = ramp()(np.linspace(0.0, 1.0, levels.size - 1))
    colours = ListedColormap(shades).with_extremes(over=style.BEYOND)
    scaled = np.ma.masked_invalid(values.T * factor)
    filled = ax.contourf(
        x, y, scaled, levels=levels * factor, cmap=colours, extend="max",
        norm=BoundaryNorm(levels * factor, levels.size - 1),
    )  # fmt: skip
    # As one image instead of thousands of abutting polygons: no seams, and a small file.
    filled.set_rasterized(True)
    filled.set_edgecolor("face")
    ax.contour(
        x, y, scaled, levels=levels * factor, colors=[style.PAPER], linewidths=0.25, alpha=0.7
    )
    bar = ax.figure.colorbar(filled, ax=ax, pad=0.045, fraction=0.03, aspect=26, spacing="uniform")
    bar.set_ticks(list(levels * factor), labels=[f"{level:g}" for level in levels * factor])
    bar.ax.tick_params(length=0, pad=3)
    bar.ax.minorticks_off()
    bar.outline.set_linewidth(0.4)
    bar.set_label(f"{kind} Δv, {unit}")
    if budget is not None:
        _budget_line(ax, x, y, scaled, budget.to_value(u.m / u.s) * factor, bar)


def _budget_line(
    ax: Axes, x: NDArray[Any], y: NDArray[Any], scaled: Any, budget: float, bar: Any
) -> None:
    if not scaled.min() < budget < scaled.max():
        return
    line: QuadContourSet = ax.contour(
        x, y, scaled, levels=[budget], colors=[style.ACCENT], linewidths=0.9
    )
    line.set_gid("budget")
    if bar.norm.vmin < budget < bar.norm.vmax:
        bar.ax.axhline(budget, color=style.ACCENT, linewidth=1.2)


def _arrival_lines(ax: Axes, box: Box | None) -> None:
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    days, pattern = dates.arrival_lines(x0 + y0, x1 + y1)
    for day in days:
        left, right = max(x0, day - y1), min(x1, day - y0)
        if right - left < 1e-6 * (x1 - x0):
            continue
        ax.plot(
            [left, right], [day - left, day - right], color=style.INK, linewidth=0.5,
            dashes=(5, 3), alpha=0.75, gid=f"arrival {dates.number_to_iso(day)}",
            scalex=False, scaley=False,
        )  # fmt: skip
        text = dates.day_text(day, pattern)
        if day - left >= y1 - 1e-9:  # leaves through the top
            ax.annotate(
                text, (left, y1), (0, 2), textcoords="offset points", ha="center", va="bottom",
                fontsize=7,
            )  # fmt: skip
        elif right >= x1:
            ax.annotate(
                text, (x1, day - x1), (3, 0), textcoords="offset points", ha="left", va="center",
                fontsize=7,
            )  # fmt: skip
        elif right - left > 0.3 * min(x1 - x0, y1 - y0):
            at = _free_place(ax, left, right, day, box)
            ax.text(
                at, day - at, text, rotation=-45, transform_rotates_text=True,
                rotation_mode="anchor", ha="center", va="center", fontsize=7,
                bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.8},
            )  # fmt: skip
    if days.size:
        ax.annotate(
            "arrival", (0, 1), (-16, 2), xycoords="axes fraction", textcoords="offset points",
            ha="right", va="bottom", fontsize=7, fontstyle="italic",
        )  # fmt: skip


def _free_place(ax: Axes, left: float, right: float, day: float, box: Box | None) -> float:
    """Choose where along its line an arrival date is written, clear of the best cell's box."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    for share in (0.5, 0.3, 0.7, 0.2, 0.8):
        at = left + share * (right - left)
        fx, fy = (at - x0) / (x1 - x0), (day - at - y0) / (y1 - y0)
        if box is None or not (
            box[0] - 0.05 < fx < box[2] + 0.05 and box[1] - 0.1 < fy < box[3] + 0.1
        ):
            return at
    return left + 0.5 * (right - left)


def _from_table(
    windows: pd.DataFrame, kind: str, cell: Best
) -> tuple[Best, list[tuple[str, Best]]]:
    rows = windows[(windows["kind"] == kind) & windows["dv_total_m_s"].notna()]
    found = [
        (str(row["window"]), Best(row["departure_jd_tdb"], row["tof_d"], row["dv_total_m_s"]))
        for row in rows.sort_values("window").to_dict("records")
    ]
    return (found[0][1], found[1:]) if found else (cell, [])


def _mark_others(ax: Axes, others: list[tuple[str, Best]]) -> None:
    for number, one in others:
        x = float(dates.date_numbers(one.departure_jd_tdb))
        ax.plot(
            [x], [one.tof_d], marker="o", markersize=7.5, markerfacecolor=style.PAPER,
            markeredgecolor=style.INK, markeredgewidth=0.7, clip_on=False, zorder=5,
            gid=f"window {number}", scalex=False, scaley=False,
        )  # fmt: skip
        ax.annotate(
            number, (x, one.tof_d), ha="center", va="center_baseline", fontsize=6.5, zorder=5.5,
            annotation_clip=False,
        )  # fmt: skip


def _best_box(ax: Axes, best: Best) -> Box:
    """Place the label of the best cell towards the middle: left, bottom, right, top fractions."""
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    x = (float(dates.date_numbers(best.departure_jd_tdb)) - x0) / (x1 - x0)
    y = (best.tof_d - y0) / (y1 - y0)
    wide, high, dx, dy = 0.2, 0.17, 0.035, 0.07  # of a map as wide as a page
    left = x + dx if x < 0.65 else x - dx - wide
    bottom = y + dy if y < 0.6 else y - dy - high
    return left, bottom, left + wide, bottom + high


def _mark_best(ax: Axes, best: Best, box: Box) -> None:
    (x0, x1), (y0, y1) = ax.get_xlim(), ax.get_ylim()
    x, y = float(dates.date_numbers(best.departure_jd_tdb)), best.tof_d
    for colour, width, gid in ((style.PAPER, 2.6, None), (style.INK, 1.1, "best")):
        ax.plot(
            [x], [y], marker="o", markersize=6, markerfacecolor="none", markeredgecolor=colour,
            markeredgewidth=width, clip_on=False, zorder=6, gid=gid, scalex=False, scaley=False,
        )  # fmt: skip
    right, above = box[0] > (x - x0) / (x1 - x0), box[1] > (y - y0) / (y1 - y0)
    arrival = calendar_date(best.departure_jd_tdb + best.tof_d)
    ax.annotate(
        f"{speed_text(best.dv_m_s)}, {best.tof_d:.0f} d\n"
        f"{calendar_date(best.departure_jd_tdb)} → {arrival}",
        (x, y), (box[0] if right else box[2], box[1] if above else box[3]),
        textcoords="axes fraction", fontsize=7, linespacing=1.2, zorder=7, gid="best-label",
        ha="left" if right else "right", va="bottom" if above else "top", multialignment="left",
        annotation_clip=False,
        bbox={"facecolor": style.PAPER, "edgecolor": style.INK, "linewidth": 0.4, "pad": 2.4},
        arrowprops={"arrowstyle": "-", "linewidth": 0.6, "color": style.INK, "shrinkB": 4,
                    "shrinkA": 0},
    )  # fmt: skip


def speed_text(dv_m_s: float) -> str:
    """Write a delta-v as a person would: 312 m/s, 4.43 km/s."""
    return f"{dv_m_s:.0f} m/s" if dv_m_s < 999.5 else f"{dv_m_s / 1000:.2f} km/s"


def _titles(ax: Axes, delta_v_map: DeltaVMap, kind: str) -> None:
    title = f"{full_name(delta_v_map.designation, delta_v_map.name)} — {kind}"
    ax.set_title(title.replace("$", r"\$"), loc="left", pad=15, fontweight="bold")
    ax.set_title(fidelity_text(delta_v_map), loc="right", pad=15, fontsize=8, color=style.FAINT)
