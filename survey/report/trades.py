"""What a target costs at other phases of the waiting orbit, and what being there sooner costs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from survey.report import style
from survey.report.content import DASH, metres, number
from survey.report.porkchop import full_name
from survey.run import calendar_date
from survey.transfer.ranking import FREE_M_S

KINDS = ("flyby", "rendezvous")
_PHASES = ("phase_best_m_s", "phase_median_m_s", "phase_worst_m_s")
_ACROSS = 4


def arc_rows(three_body: pd.DataFrame, designation: str) -> list[dict[str, str]]:
    """Rows of the three-body arcs of one asteroid, flybys first, every cell as text."""
    own = three_body[three_body["designation"] == designation].sort_values(["kind", "window"])
    return [
        {
            "kind": row["kind"],
            "window": str(row["window"]),
            "departure": calendar_date(row["departure_jd_tdb"]),
            "arrival": calendar_date(row["arrival_jd_tdb"]),
            "tof": number(row["tof_d"]),
            "dv_departure": number(row["dv_departure_m_s"]),
            "dv_arrival": DASH if row["kind"] == "flyby" else number(row["dv_arrival_m_s"]),
            "dv": metres(row["dv_total_m_s"]) + ("+" if row["assisted"] else ""),
            "v_relative": number(row["v_relative_km_s"], 2),
            "earth": number(row["least_earth_km"] / 1e3),
            "phase": calendar_date(row["phase_zero_jd_tdb"]) or DASH,
        }
        for row in own.to_dict("records")
    ]


def with_phases(ranking: pd.DataFrame, designations: list[str]) -> list[str]:
    """Choose the asteroids of which the cost at other phases is known."""
    known = ranking[[f"{kind}_phase_best_m_s" for kind in KINDS]].notna().any(axis=1)
    names = set(ranking.loc[known, "designation"])
    return [one for one in designations if one in names]


def plot_phases(
    ranking: pd.DataFrame, designations: list[str], figure: Figure | None = None
) -> Figure:
    """Draw for each asteroid the least delta-v at the best, the median and the worst phase.

    Parameters
    ----------
    ranking : DataFrame
        `survey.tables.RANKING`, with the three-body columns.
    designations : list of str
        Which asteroids, from top to bottom.
    figure : Figure, optional
        An empty one to draw in, which is then resized; a new one of pyplot's without it.

    Returns
    -------
    Figure
        Two panels, flyby left and rendezvous right; an arrow where the worst phase, or the
        median, is beyond the search's budget.
    """
    figure = style.sized_figure(figure, 6.9, 1.0 + 0.2 * max(len(designations), 3))
    rows = ranking.set_index("designation").loc[designations]
    with style.figure_style():
        axes = figure.subplots(1, 2, sharey=True)
        for ax, kind in zip(axes, KINDS, strict=True):
            _phase_panel(ax, rows, kind)
        names = [
            full_name(str(d), str(n)).replace("$", r"\$")
            for d, n in zip(rows.index, rows["name"], strict=True)
        ]
        axes[0].set_yticks(range(len(rows)), names)
        axes[0].set_ylim(max(len(rows), 3) - 0.4, -0.6)
        keys = [
            Line2D([], [], linestyle="", marker=marker, markersize=5, color=style.INK,
                   markerfacecolor=face, label=label)
            for marker, face, label in (("o", style.INK, "best phase"), ("|", style.INK, "median"),
                                        ("o", style.PAPER, "worst"),
                                        (">", style.INK, "beyond the budget of the search"))
        ]  # fmt: skip
        figure.legend(handles=keys, loc="outside lower center", ncols=4, handletextpad=0.1)
    return figure


def _phase_panel(ax: Axes, rows: pd.DataFrame, kind: str) -> None:
    ax.set_title(kind, loc="left", fontweight="bold")
    ax.set_xlabel("three-body Δv, m/s")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    values = rows[[f"{kind}_{name}" for name in _PHASES]].to_numpy(dtype=float)
    if not np.isfinite(values).any():
        ax.set(xticks=[], xlabel="")
        ax.text(0.0, 0.95, "nothing within the budget", transform=ax.transAxes, va="top")
        return
    right = 1.08 * float(np.nanmax(values))
    ax.set_xlim(0.0, right)
    for y, (best, median, worst) in enumerate(values):
        if not math.isfinite(best):
            ax.text(0.01 * right, y, "–", va="center", color=style.FAINT)
            continue
        end = worst if math.isfinite(worst) else right
        ax.plot([best, end], [y, y], color=style.FAINT, linewidth=1.0, zorder=1)
        ax.plot(best, y, marker="o", markersize=5, color=style.INK, gid=f"{kind} best {y}")
        if math.isfinite(median):
            ax.plot(median, y, marker="|", markersize=7, color=style.INK)
        if math.isfinite(worst):
            ax.plot(worst, y, marker="o", markersize=5, markerfacecolor=style.PAPER,
                    markeredgecolor=style.INK)  # fmt: skip
        else:
            ax.plot(right, y, marker=">", markersize=4.5, color=style.INK, clip_on=False)


def plot_trades(
    three_body: pd.DataFrame, designations: list[str], figure: Figure | None = None
) -> Figure:
    """Draw, one panel for each asteroid, delta-v against time of flight of the arcs kept.

    Parameters
    ----------
    three_body : DataFrame
        `survey.tables.THREE_BODY`.
    designations : list of str
        Which asteroids; those without an arc are passed over.
    figure : Figure, optional
        As for `plot_phases`.

    Returns
    -------
    Figure
        Flybys filled and rendezvous open, joined in order of flight time.
    """
    known = set(three_body["designation"])
    shown = [one for one in designations if one in known]
    down = -(-len(shown) // _ACROSS)
    figure = style.sized_figure(figure, 6.9, 0.35 + 1.55 * max(down, 1))
    with style.figure_style():
        grid = figure.subplots(max(down, 1), _ACROSS, squeeze=False)
        for ax in grid.ravel()[len(shown) :]:
            ax.set_visible(False)
        for ax, designation in zip(grid.ravel(), shown, strict=False):
            _trade(ax, three_body[three_body["designation"] == designation])
        for ax in grid[:, 0]:
            ax.set_ylabel("Δv, m/s")
        for place, ax in enumerate(grid.ravel()[: len(shown)]):
            if place + _ACROSS >= len(shown):
                ax.set_xlabel("time of flight, d")
        keys: list[Any] = [
            Line2D([], [], linestyle="-", linewidth=0.6, marker="o", markersize=4, color=style.INK,
                   markerfacecolor=face, label=label)
            for face, label in ((style.INK, "flyby"), (style.PAPER, "rendezvous"))
        ]  # fmt: skip
        figure.legend(handles=keys, loc="outside lower center", ncols=2)
    return figure


def _trade(ax: Axes, arcs: pd.DataFrame) -> None:
    name = full_name(str(arcs["designation"].iloc[0]), str(arcs["name"].iloc[0]))
    ax.set_title(name.replace("$", r"\$"), loc="left", fontsize=8, fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
    for kind, face in zip(KINDS, (style.INK, style.PAPER), strict=True):
        own = arcs[arcs["kind"] == kind].sort_values("tof_d")
        dv = np.maximum(own["dv_total_m_s"].to_numpy(dtype=float), FREE_M_S)
        ax.plot(
            own["tof_d"].to_numpy(), dv, linewidth=0.6, color=style.INK, marker="o",
            markersize=3.6, markerfacecolor=face, markeredgewidth=0.8, gid=f"trade {kind}",
        )  # fmt: skip
    ax.set_ylim(0.0, 1.15 * max(FREE_M_S, float(arcs["dv_total_m_s"].max())))
    ax.xaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    ax.yaxis.set_major_locator(MaxNLocator(nbins=4))
    ax.margins(x=0.12)
