"""What the planets change: the first of a ranking beside their places on undisturbed ellipses."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from survey.report import style
from survey.report.content import DASH, metres, number, of_kind
from survey.report.porkchop import full_name
from survey.transfer.ranking import FREE_M_S

KINDS = ("flyby", "rendezvous")
ROWS = 50
_NAMED = 4  # of the points of a panel, those that moved most


def first_of(ranking: pd.DataFrame, kind: str, rows: int = ROWS) -> pd.DataFrame:
    """First rows of one kind, with columns `rank`, `dv_m_s`, `kepler_rank`, `kepler_dv_m_s`.

    All on the two-body rung: what the planets do to the asteroids has nothing to do with the
    craft's own flight.
    """
    own = f"{kind}_two_body_rank"
    if ranking[own].notna().any():
        lower = ranking.copy()
        lower[f"{kind}_rank"], lower[f"{kind}_fidelity"] = ranking[own], "two-body"
        return of_kind(lower, kind).head(rows)
    return of_kind(ranking, kind).head(rows)


def comparison_rows(ranking: pd.DataFrame, kind: str) -> list[list[str]]:
    """Cells of the table: place, name, delta-v, that on the ellipse, its change, place there."""
    out = []
    for row in first_of(ranking, kind).to_dict("records"):
        change = row["dv_m_s"] - row["kepler_dv_m_s"]
        text = DASH if pd.isna(change) else f"{change:+,.0f}" if abs(change) >= 0.5 else "0"
        free = max(row["dv_m_s"], row["kepler_dv_m_s"]) < FREE_M_S
        out.append(
            [
                number(row["rank"]),
                full_name(row["designation"], row["name"]),
                metres(row["dv_m_s"]),
                metres(row["kepler_dv_m_s"]),
                "" if free else text.replace("-", "−"),
                number(row["kepler_rank"]),
            ]
        )
    return out


def comparison_text(ranking: pd.DataFrame, kind: str) -> str:
    """Sum the table up in a sentence; empty where there is nothing to compare."""
    frame = first_of(ranking, kind)
    both = frame[frame["kepler_dv_m_s"].notna()]
    if both.empty:
        return ""
    change = (both["dv_m_s"] - both["kepler_dv_m_s"]).abs()
    place = (both["rank"] - both["kepler_rank"]).abs().astype(float)
    worst = both.iloc[int(change.to_numpy(dtype=float).argmax())]
    newcomers = int((frame["kepler_rank"].isna() | (frame["kepler_rank"] > len(frame))).sum())
    nbsp = "\N{NO-BREAK SPACE}"
    return (
        f"Of the first {len(frame)} {kind} targets, half move by more than "
        f"{number(change.median())}{nbsp}m/s and by more than {number(place.median())} places; "
        f"most moves {full_name(worst['designation'], worst['name'])}, from "
        f"{metres(worst['kepler_dv_m_s'])} to {metres(worst['dv_m_s'])}{nbsp}m/s. "
        f"{newcomers} of them would not be among the first {len(frame)} on ellipses."
    )


def plot_comparison(ranking: pd.DataFrame, figure: Figure | None = None) -> Figure:
    """Draw the delta-v of the first asteroids against what their ellipses would give.

    Parameters
    ----------
    ranking : DataFrame
        `survey.tables.RANKING`, with the columns of the comparison.
    figure : Figure, optional
        An empty one to draw in, which is then resized; a new one of pyplot's without it.

    Returns
    -------
    Figure
        Two panels, flyby left and rendezvous right; on the line nothing has changed.
    """
    figure = style.sized_figure(figure, 6.9, 3.1)
    with style.figure_style():
        for ax, kind in zip(figure.subplots(1, 2), KINDS, strict=True):
            _panel(ax, first_of(ranking, kind), kind)
    return figure


def _panel(ax: Axes, frame: pd.DataFrame, kind: str) -> None:
    ax.set_title(kind, loc="left", fontweight="bold")
    labels = ("Δv on undisturbed ellipses, m/s", "Δv among the planets, m/s")
    pair_panel(ax, frame, kind, ("kepler_dv_m_s", "dv_m_s"), labels)


def pair_panel(
    ax: Axes, frame: pd.DataFrame, kind: str, columns: tuple[str, str], labels: tuple[str, str]
) -> None:
    """Draw one column of delta-v against another, and name the rows that differ most."""
    frame = frame[frame[list(columns)].notna().all(axis=1)]
    if frame.empty:
        ax.text(0.5, 0.5, "nothing to compare", transform=ax.transAxes, ha="center", va="center")
        ax.set(xticks=[], yticks=[])
        return
    # Below this no digit means anything, and one axis has room for all.
    theirs, ours = (np.maximum(frame[name].to_numpy(dtype=float), FREE_M_S) for name in columns)
    low, high = min(ours.min(), theirs.min()) / 1.15, max(ours.max(), theirs.max()) * 1.15
    ax.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    ax.set_aspect("equal")
    ax.plot([low, high], [low, high], color=style.FAINT, linewidth=0.6, zorder=1, gid="unchanged")
    ax.scatter(
        theirs, ours, s=11, zorder=3, linewidths=0.5, edgecolors=[style.PAPER],
        facecolors=[style.INK], gid=kind,
    )  # fmt: skip
    ax.set_xlabel(labels[0])
    ax.set_ylabel(labels[1])
    ticks = [m * 10.0**d for d in range(1, 6) for m in (1, 2, 5) if low <= m * 10.0**d <= high]
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(FixedLocator(ticks))
        axis.set_minor_locator(NullLocator())
        axis.set_major_formatter(
            FuncFormatter(lambda v, _: f"<{v:.0f}" if v <= FREE_M_S * 1.001 else f"{v:g}")
        )
    for n in np.argsort(-np.abs(np.log(ours / theirs)), kind="stable")[:_NAMED]:
        if max(ours[n] / theirs[n], theirs[n] / ours[n]) < 1.1:
            continue
        name = full_name(frame["designation"].iloc[n], frame["name"].iloc[n])
        left = np.log(theirs[n] / low) > 0.6 * np.log(high / low)
        ax.annotate(
            name.replace("$", r"\$"), (theirs[n], ours[n]), (-5 if left else 5, 0),
            textcoords="offset points", ha="right" if left else "left", va="center", fontsize=7,
        )  # fmt: skip
