"""Figures of many asteroids at once: the ranking, the catalogue, and the calendar of departures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import astropy.units as u
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, Colormap, ListedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from survey.report import dates, style
from survey.report.colours import ramp
from survey.report.content import metres
from survey.report.levels import contour_levels
from survey.report.porkchop import best_cell, full_name, values_m_s
from survey.transfer.grid import DeltaVMap
from survey.transfer.ranking import FREE_M_S, as_ranked, ranked_dv

_GREY = "#c9ccd1"
MOST_RINGS = 300
KAMOOALEWA = "469219"  # Tianwen-2's first target, the measure of every scout's


def plot_ranking(
    ranking: pd.DataFrame,
    figure: Figure | None = None,
    *,
    top: int = 20,
    budget: u.Quantity | None = None,
) -> Figure:
    """Draw the cheapest asteroids as two dot plots, flyby and rendezvous.

    Parameters
    ----------
    ranking : DataFrame
        `survey.tables.RANKING`, any order; asteroids without a solution are left out.
    figure : Figure, optional
        An empty one to draw in, which is then resized; a new one of pyplot's without it.
    top : int
        How many rows each panel may have.
    budget : Quantity, optional
        What the craft can spend; drawn as a line, and dots beyond it are left open.

    Returns
    -------
    Figure
        Two panels, flyby left and rendezvous right, the cheapest on top.
    """
    ranked = [_ranked(ranking, kind).head(top) for kind in ("flyby", "rendezvous")]
    rows = max(len(frame) for frame in ranked)
    figure = style.sized_figure(figure, 6.9, 0.95 + 0.18 * max(rows, 4))
    with style.figure_style():
        axes = figure.subplots(1, 2)
        limit = None if budget is None else float(budget.to_value(u.m / u.s))
        for ax, kind, frame in zip(axes, ("flyby", "rendezvous"), ranked, strict=True):
            _dots(ax, frame, kind, limit, rows)
        if limit is not None:
            keys = [
                Line2D([], [], linestyle="", marker="o", markersize=4.5, color=style.INK,
                       markerfacecolor=colour, label=label)
                for colour, label in ((style.INK, "within the budget, arrives in time"),
                                      (style.PAPER, "dearer, or arrives too late"))
            ]  # fmt: skip
            figure.legend(handles=keys, loc="outside lower center", ncols=2, handletextpad=0.1)
    return figure


def _ranked(ranking: pd.DataFrame, kind: str) -> pd.DataFrame:
    frame = as_ranked(ranking, kind)
    return frame[frame["dv_m_s"].notna()]


def _dots(ax: Axes, frame: pd.DataFrame, kind: str, limit: float | None, rows: int) -> None:
    ax.set_title(kind, loc="left", fontweight="bold")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_xlabel("Δv, m/s")
    if frame.empty:
        ax.set(yticks=[], xticks=[], xlabel="")
        ax.spines["bottom"].set_visible(False)
        ax.text(0.0, 0.95, "no solution on this grid", transform=ax.transAxes, va="top")
        return
    # Below this no digit means anything; the label says so, and the dot stands at the bound.
    dv = np.maximum(frame["dv_m_s"].to_numpy(dtype=float), FREE_M_S)
    affordable = frame["within_budget"].to_numpy(dtype=bool)
    y = np.arange(dv.size)
    right = float(dv.max()) * 1.06
    if limit is not None and limit < 1.3 * right:
        right = max(right, limit * 1.06)
    ax.hlines(y, 0.0, right, color=_GREY, linewidth=0.4, linestyle=(0, (1, 2)))
    ax.scatter(
        dv, y, s=20, zorder=3, linewidths=0.9, edgecolors=[style.INK],
        facecolors=[style.INK if inside else style.PAPER for inside in affordable], gid=kind,
    )  # fmt: skip
    for value, row in zip(dv, y, strict=True):
        text = f"<{FREE_M_S:.0f}" if value <= FREE_M_S else metres(value)
        ax.annotate(text, (right, row), (4, 0), textcoords="offset points",
                    va="center", fontsize=7, annotation_clip=False)  # fmt: skip
    ax.set_yticks(y, [
        full_name(str(d), str(n)).replace("$", r"\$")
        for d, n in zip(frame["designation"], frame["name"], strict=True)
    ])  # fmt: skip
    ax.set_ylim(max(rows, 4) - 0.4, -0.7)
    ax.set_xlim(0.0, right)
    if limit is None:
        return
    if limit <= right:
        ax.axvline(limit, color=style.ACCENT, linewidth=0.9, gid="budget")
        note = f"budget {limit:.0f} m/s"
    else:
        note = f"budget {limit:.0f} m/s, beyond this axis"
    ax.set_title(note, loc="right", fontsize=7.5, color=style.ACCENT)


def plot_catalog(
    catalog: pd.DataFrame,
    ranking: pd.DataFrame | None = None,
    figure: Figure | None = None,
    *,
    budget: u.Quantity | None = None,
) -> Figure:
    """Draw the catalogue in the plane of semi-major axis and eccentricity, coloured by delta-v.

    Parameters
    ----------
    catalog : DataFrame
        `survey.tables.CATALOG`.
    ranking : DataFrame, optional
        `survey.tables.RANKING`; asteroids beyond the colour scale stay grey. Without it all are
        drawn alike, in one panel.
    figure : Figure, optional
        As for `plot_ranking`.
    budget : Quantity, optional
        What the craft can spend; asteroids within it are ringed.

    Returns
    -------
    Figure
        Two panels, flyby left and rendezvous right.
    """
    if ranking is None:
        return _plain_plane(catalog, figure)
    ranking = ranking.assign(
        **{f"{kind}_dv_m_s": ranked_dv(ranking, kind) for kind in ("flyby", "rendezvous")}
    )
    merged = catalog[["designation", "name", "a_au", "e"]].merge(
        ranking.drop(columns=["name", "H_mag"], errors="ignore"), on="designation", how="left"
    )
    figure = style.sized_figure(figure, 6.9, 3.2)
    with style.figure_style():
        axes = figure.subplots(1, 2, sharex=True, sharey=True)
        a = merged["a_au"].to_numpy(dtype=float)
        right = _right_end(a)
        for ax, kind in zip(axes, ("flyby", "rendezvous"), strict=True):
            _plane(ax, right)
            _asteroids(ax, merged, kind, budget is not None)
            ax.set_title(kind, loc="left", fontweight="bold")
        axes[0].set_ylabel("eccentricity")
        _count_outside(axes[1], a, right)
    return figure


def _plain_plane(catalog: pd.DataFrame, figure: Figure | None) -> Figure:
    figure = style.sized_figure(figure, 4.6, 3.2)
    with style.figure_style():
        ax = figure.subplots()
        a, e = (catalog[name].to_numpy(dtype=float) for name in ("a_au", "e"))
        right = _right_end(a)
        _plane(ax, right)
        ax.set_ylabel("eccentricity")
        many = len(catalog) > 3000
        ax.scatter(
            a, e, s=1.0 if many else 9.0, color=ramp()(0.35), linewidths=0, alpha=0.7,
            rasterized=many, gid="asteroids",
        )  # fmt: skip
        _kamooalewa(ax, catalog)
        _count_outside(ax, a, right)
    return figure


def _right_end(a: Any) -> float:
    return float(np.clip(np.nanpercentile(a, 98) if a.size else 2.0, 1.6, 4.0))


def _count_outside(ax: Axes, a: Any, right: float) -> None:
    outside = int(np.sum((a > right) | (a < 0.5)))
    if outside:
        ax.set_title(f"{outside} beyond the frame", loc="right", fontsize=7.5, color=style.FAINT)


def _plane(ax: Axes, right: float) -> None:
    ax.set_xlim(0.5, right)
    ax.set_ylim(0.0, 1.0)
    ax.set_xlabel("semi-major axis, au")
    for text, first, last, share in (("q = 1 au", 1.0, right, 0.72), ("Q = 1 au", 0.5, 1.0, 0.45)):
        a = np.linspace(first, last, 100)
        ax.plot(a, np.abs(1.0 - 1.0 / a), color=style.INK, linewidth=0.6, gid=text, zorder=3)
        x = first + share * (last - first)
        angle = float(np.degrees(np.arctan(1.0 / x**2)) * np.sign(x - 1.0))
        ax.text(x, abs(1.0 - 1.0 / x), text, fontsize=7, rotation=angle, rotation_mode="anchor",
                ha="center", va="center", transform_rotates_text=True,
                zorder=4,
                bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.8})  # fmt: skip


def _asteroids(ax: Axes, merged: pd.DataFrame, kind: str, ring: bool) -> None:
    a, e = merged["a_au"].to_numpy(dtype=float), merged["e"].to_numpy(dtype=float)
    dv = merged[f"{kind}_dv_m_s"].to_numpy(dtype=float)
    many = len(merged) > 3000
    ax.scatter(a, e, s=1.0 if many else 4.0, color=_GREY, linewidths=0, rasterized=many, zorder=1)
    solved = np.flatnonzero(np.isfinite(dv))
    if solved.size:
        low = max(float(dv[solved].min()), FREE_M_S)
        high = float(np.clip(np.percentile(dv[solved], 75), 3.0 * low, 30.0 * low))
        high = float(f"{high:.1g}")
        shown = solved[dv[solved] <= high]
        shown = shown[np.argsort(-dv[shown], kind="stable")]  # the cheapest on top
        points = ax.scatter(
            a[shown], e[shown], c=np.maximum(dv[shown], low), s=1.6 if many else 11.0,
            cmap=ramp(), norm=LogNorm(low, high), linewidths=0.0 if many else 0.2,
            edgecolors=[style.INK], rasterized=many, zorder=2, gid=f"{kind} points",
        )  # fmt: skip
        _log_bar(ax, points, f"{kind} Δv, m/s (grey: above {high:,.0f})", low, high)
    if ring:
        inside = merged[f"{kind}_within_budget"].fillna(False).to_numpy(dtype=bool)
        note = f"within the budget: {int(inside.sum()):,}"
        if inside.sum() > MOST_RINGS:  # they would hide what they mark
            ax.text(0.03, 0.965, note, transform=ax.transAxes, va="top", fontsize=7.5)
        else:
            rings = ax.scatter(
                a[inside], e[inside], s=22, facecolors="none", edgecolors=[style.ACCENT],
                linewidths=0.5, zorder=3, gid=f"{kind} within budget", label=note,
            )  # fmt: skip
            ax.legend(handles=[rings], loc="upper left", handletextpad=0.2, borderaxespad=0.2)
    _kamooalewa(ax, merged)


def _kamooalewa(ax: Axes, frame: pd.DataFrame) -> None:
    a, e = (frame[name].to_numpy(dtype=float) for name in ("a_au", "e"))
    for row in np.flatnonzero((frame["designation"] == KAMOOALEWA).to_numpy()):
        ax.annotate(
            str(frame["name"].iloc[row]) or KAMOOALEWA, (a[row], e[row]), (30, -9),
            textcoords="offset points", fontsize=7, va="center", zorder=5, gid="Kamooalewa",
            bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.6, "alpha": 0.85},
            arrowprops={"arrowstyle": "-", "linewidth": 0.5, "shrinkA": 0, "shrinkB": 2},
        )  # fmt: skip
        ax.plot(a[row], e[row], marker="D", markersize=4.5, color=style.PAPER,
                markeredgecolor=style.INK, markeredgewidth=0.9, zorder=4)  # fmt: skip


def _log_bar(ax: Axes, points: ScalarMappable, label: str, low: float, high: float) -> None:
    bar = ax.figure.colorbar(points, ax=ax, orientation="horizontal", fraction=0.04, aspect=40)
    ticks = [m * 10.0**d for d in range(-1, 6) for m in (1, 2, 5) if low <= m * 10.0**d <= high]
    bar.set_ticks(ticks, labels=[f"{tick:g}" for tick in ticks])
    bar.ax.minorticks_off()
    bar.ax.tick_params(length=2)
    bar.outline.set_linewidth(0.4)
    bar.set_label(label)


def plot_calendar(
    maps: Sequence[DeltaVMap],
    figure: Figure | None = None,
    *,
    kind: str = "flyby",
    budget: u.Quantity | None = None,
    departures: Sequence[float] | None = None,
) -> Figure:
    """Draw, one strip per asteroid, the least delta-v of every departure date.

    Parameters
    ----------
    maps : sequence of DeltaVMap
        One per asteroid, in the order wanted from top to bottom.
    figure : Figure, optional
        As for `plot_ranking`.
    kind : {"flyby", "rendezvous"}
        Which delta-v.
    budget : Quantity, optional
        Dates within it are underlined.
    departures : sequence of float, optional
        Dates to be ringed, JD TDB, one per map; without them those of the cheapest cells.

    Returns
    -------
    Figure
        The ring marks the best date of each strip.

    Raises
    ------
    ValueError
        When there is no map, or none has a solution.
    """
    profiles = [_profile(values_m_s(one, kind)) for one in maps]
    if not profiles or all(np.isnan(profile).all() for profile in profiles):
        raise ValueError(f"no map has a {kind} solution: give at least one that has")
    figure = style.sized_figure(figure, 6.9, 0.75 + 0.17 * len(maps))
    with style.figure_style():
        ax = figure.subplots()
        levels = contour_levels(np.concatenate(profiles))
        shades = ListedColormap(ramp()(np.linspace(0, 1, levels.size - 1)))
        colours = shades.with_extremes(over=style.BEYOND, bad="#e3e4e6")
        norm = BoundaryNorm(levels, levels.size - 1)
        for row, (one, profile) in enumerate(zip(maps, profiles, strict=True)):
            _strip(ax, row, one, profile, budget, colours, norm)
            best = best_cell(one, kind)
            if departures is not None:
                _ring(ax, row, departures[row])
            elif best is not None:
                _ring(ax, row, best.departure_jd_tdb)
        _calendar_axes(ax, maps)
        mappable = ScalarMappable(norm, colours)
        bar = figure.colorbar(mappable, ax=ax, pad=0.02, fraction=0.025, extend="max",
                              aspect=5 + len(maps) * 1.3, spacing="uniform")  # fmt: skip
        bar.set_ticks(list(levels), labels=[f"{level:g}" for level in levels])
        bar.ax.tick_params(length=0, pad=2)
        bar.ax.minorticks_off()
        bar.outline.set_linewidth(0.4)
        bar.set_label(f"{kind} Δv, m/s")
    return figure


def _profile(values: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    filled = np.where(np.isnan(values), np.inf, values).min(axis=1)
    return np.where(np.isinf(filled), np.nan, filled)


def _edges(days: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
    if days.size == 1:
        return np.array([days[0] - 0.5, days[0] + 0.5])
    middle = 0.5 * (days[1:] + days[:-1])
    return np.concatenate(
        [[1.5 * days[0] - 0.5 * days[1]], middle, [1.5 * days[-1] - 0.5 * days[-2]]]
    )


def _strip(
    ax: Axes, row: int, one: DeltaVMap, profile: Any, budget: u.Quantity | None,
    colours: Colormap, norm: BoundaryNorm,
) -> None:  # fmt: skip
    edges = _edges(dates.date_numbers(one.grid.departure_jd_tdb))
    ax.pcolormesh(
        edges, [row - 0.36, row + 0.28], np.ma.masked_invalid(profile[None, :]), cmap=colours,
        norm=norm, rasterized=True, edgecolors="none",
    )  # fmt: skip
    if budget is not None:
        inside = np.nan_to_num(profile, nan=np.inf) <= budget.to_value(u.m / u.s)
        for k in np.flatnonzero(inside):
            ax.plot(edges[k : k + 2], [row + 0.36] * 2, color=style.ACCENT, linewidth=1.6,
                    solid_capstyle="butt")  # fmt: skip


def _ring(ax: Axes, row: int, departure_jd_tdb: float) -> None:
    x = float(dates.date_numbers(departure_jd_tdb))
    for colour, width, gid in ((style.PAPER, 2.2, None), (style.INK, 0.9, "best")):
        ax.plot(
            [x], [row - 0.04], marker="o", markersize=4.5, markerfacecolor="none",
            markeredgecolor=colour, markeredgewidth=width, clip_on=False, gid=gid,
        )  # fmt: skip


def _calendar_axes(ax: Axes, maps: Sequence[DeltaVMap]) -> None:
    edges = [_edges(dates.date_numbers(one.grid.departure_jd_tdb)) for one in maps]
    ax.set_xlim(min(e[0] for e in edges), max(e[-1] for e in edges))
    ax.set_ylim(len(maps) - 0.5, -0.5)
    names = [full_name(one.designation, one.name).replace("$", r"\$") for one in maps]
    ax.set_yticks(range(len(maps)), names)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    dates.date_axis(ax)
