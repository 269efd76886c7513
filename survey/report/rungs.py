"""With Earth's gravity: the first of a ranking on both rungs, and one asteroid's map on both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from survey.report import style
from survey.report.comparison import pair_panel
from survey.report.content import DASH, metres, number, of_kind
from survey.report.levels import contour_levels
from survey.report.porkchop import full_name, plot_porkchop, values_m_s
from survey.transfer.grid import DeltaVMap
from survey.transfer.ranking_flags import two_body_invalid

KINDS = ("flyby", "rendezvous")
ROWS = 50


def outcome_rows(counts: dict[str, Any]) -> list[list[str]]:
    """Cells of either kind: how many were searched, and to what that came; empty if not known."""
    names = ("searched", "in reach", "out of reach", "not converged", "over budget", "no path")
    return [
        [kind, *(f"{counts[kind].get(name, 0):,}" for name in names)]
        for kind in KINDS
        if kind in counts
    ]


def first_rows(ranking: pd.DataFrame, kind: str, rows: int = ROWS) -> pd.DataFrame:
    """First rows of one kind; `three_body_dv_m_s` is empty where only the lower rung has one."""
    return of_kind(ranking, kind).head(rows)


def rung_rows(ranking: pd.DataFrame, kind: str) -> list[list[str]]:
    """Cells: place, name, three-body and two-body delta-v, their gap, share of phases, marks."""
    frame = first_rows(ranking, kind)
    wrong = two_body_invalid(frame["two_body_dv_m_s"], frame["three_body_dv_m_s"])
    out = []
    for row, invalid in zip(frame.to_dict("records"), wrong, strict=True):
        gap = row["three_body_dv_m_s"] - row["two_body_dv_m_s"]
        text = DASH if pd.isna(gap) else f"{gap:+,.0f}" if abs(gap) >= 0.5 else "0"
        share = row["phases_within_budget"]
        out.append(
            [
                number(row["rank"]),
                full_name(row["designation"], row["name"]),
                metres(row["three_body_dv_m_s"]),
                metres(row["two_body_dv_m_s"]),
                text.replace("-", "−"),
                DASH if pd.isna(share) else f"{100 * share:.0f}",
                ("×" if invalid else "")
                + ("+" if row["assisted"] == "yes" else "")
                + ("!" if row["fidelity"] == "two-body" and row["unconfirmed"] else ""),
            ]
        )
    return out


def rung_text(ranking: pd.DataFrame, kind: str) -> str:
    """Sum the table up in a sentence or more; empty where there is nothing to tell."""
    return " ".join(filter(None, (_compared(ranking, kind), _unconfirmed(ranking, kind))))


def _unconfirmed(ranking: pd.DataFrame, kind: str) -> str:
    """Tell how many two-body figures stand because the three-body search found no arc, and why."""
    frame = of_kind(ranking, kind)
    frame = frame[(frame["fidelity"] == "two-body") & (frame["unconfirmed"] != "")]
    if frame.empty:
        return ""
    reasons = frame["unconfirmed"].value_counts().sort_index()
    why = ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())
    return (
        f"In the whole ranking {len(frame):,} two-body {kind} figure{'s' * (len(frame) != 1)} "
        "within the budget of the three-body search "
        f"stand{'s' * (len(frame) == 1)} unconfirmed, as it found no arc ({why})."
    )


def _compared(ranking: pd.DataFrame, kind: str) -> str:
    frame = first_rows(ranking, kind)
    both = frame[frame["three_body_dv_m_s"].notna() & frame["two_body_dv_m_s"].notna()]
    if both.empty:
        return ""
    lower, upper = both["two_body_dv_m_s"], both["three_body_dv_m_s"]
    wrong = both[two_body_invalid(lower, upper)]
    cheaper = int((upper < lower).sum())
    nbsp = "\N{NO-BREAK SPACE}"
    text = (
        f"Of the first {len(frame)} {kind} targets {len(both)} have a figure on both rungs; with "
        f"Earth's gravity {cheaper} of these cost less, and for {len(wrong)} the two-body figure "
        "is not valid"
    )
    if wrong.empty:
        return f"{text}."
    most = int((lower - upper).abs()[wrong.index].to_numpy(dtype=float).argmax())
    row = wrong.iloc[most]
    return (
        f"{text}; most changes {full_name(row['designation'], row['name'])}, from "
        f"{metres(row['two_body_dv_m_s'])} to {metres(row['three_body_dv_m_s'])}{nbsp}m/s."
    )


def plot_two_rungs(ranking: pd.DataFrame, figure: Figure | None = None) -> Figure:
    """Draw the three-body delta-v of all asteroids that have one against their two-body one.

    Parameters
    ----------
    ranking : DataFrame
        `survey.tables.RANKING`, with the three-body columns.
    figure : Figure, optional
        An empty one to draw in, which is then resized; a new one of pyplot's without it.

    Returns
    -------
    Figure
        Two panels, flyby left and rendezvous right; on the line both rungs agree.
    """
    figure = style.sized_figure(figure, 6.9, 3.1)
    labels = ("two-body Δv, m/s", "three-body Δv, m/s")
    with style.figure_style():
        for ax, kind in zip(figure.subplots(1, 2), KINDS, strict=True):
            ax.set_title(kind, loc="left", fontweight="bold")
            frame = of_kind(ranking, kind)
            pair_panel(ax, frame, kind, ("two_body_dv_m_s", "three_body_dv_m_s"), labels)
    return figure


def plot_rungs(above: DeltaVMap, below: DeltaVMap, *, kind: Any = "rendezvous") -> Figure:
    """Draw one asteroid's map on two rungs side by side, with one scale of colours.

    Parameters
    ----------
    above, below : DeltaVMap
        The three-body and the two-body map, on one grid of dates.
    kind : {"rendezvous", "flyby"}
        Which delta-v.

    Returns
    -------
    Figure
        The three-body map left, the two-body map right.
    """
    both = np.concatenate([values_m_s(one, kind).ravel() for one in (above, below)])
    levels = None if np.isnan(both).all() else contour_levels(both)
    figure = style.sized_figure(None, 13.4, 3.7)
    with style.figure_style():
        axes = figure.subplots(1, 2)
    for ax, one in zip(axes, (above, below), strict=True):
        plot_porkchop(one, ax, kind=kind, levels=levels)
    return figure
