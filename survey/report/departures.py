"""Other ways to leave: what each costs beside the single impulse, as a table and as a figure."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from survey.report import style
from survey.report.content import DASH, metres, number
from survey.report.porkchop import full_name
from survey.run import calendar_date
from survey.transfer.ranking_flags import FREE_M_S
from survey.transfer.strategy_names import SINGLE, STRATEGIES, SWINGBY

KINDS: Final = ("flyby", "rendezvous")
ROWS: Final = 50
DRAWN: Final = 25
_MARKS: Final = (("o", style.PAPER), ("|", style.INK), ("^", style.PAPER), ("s", style.INK))
_NBSP: Final = "\N{NO-BREAK SPACE}"
_LABELS: Final = ("single impulse", "inserted impulse", "manifold coast", "powered swingby")


def way_rows(departures: pd.DataFrame, ranking: pd.DataFrame, kind: str) -> list[dict[str, Any]]:
    """Rows of the table, in the order of the ranking, every cell as text.

    Parameters
    ----------
    departures : DataFrame
        `survey.tables.DEPARTURES`.
    ranking : DataFrame
        `survey.tables.RANKING`.
    kind : {"flyby", "rendezvous"}
        Which.

    Returns
    -------
    list of dict
        ``place`` and ``name``; ``cells``, delta-v and saving of each way; ``best``, which way is
        the cheapest and not only free like the single impulse; ``swing``, burn, speed at infinity
        and altitude of the swingby; ``departure``, ``arrival`` of the cheapest.
    """
    rows = []
    for place, own in _in_order(departures, ranking, kind)[:ROWS]:
        cells: list[str] = []
        best = _best(own)
        free = own[SINGLE]["dv_total_m_s"] < FREE_M_S
        for way in STRATEGIES:
            cells.append(metres(own[way]["dv_total_m_s"]))
            if way != SINGLE:
                saved = number(own[way]["saved_m_s"]).replace("-", "−")
                cells.append(DASH if free else saved)
        swing, chosen = own[SWINGBY], own[best]
        rows.append(
            {
                "place": number(place),
                "name": full_name(swing["designation"], swing["name"]),
                "cells": cells,
                "best": STRATEGIES.index(best),
                "swing": [
                    number(swing["dv_middle_m_s"]),
                    number(swing["v_infinity_km_s"], 2),
                    number(_round(swing["perigee_altitude_km"])),
                ],
                "departure": calendar_date(chosen["departure_jd_tdb"]) or DASH,
                "arrival": calendar_date(chosen["arrival_jd_tdb"]) or DASH,
            }
        )
    return rows


def way_text(departures: pd.DataFrame, kind: str) -> str:
    """Sum up how much the other ways save, and what came of those without an arc."""
    own = departures[departures["kind"] == kind]
    if own.empty:
        return ""
    totals = own.pivot(index="designation", columns="strategy", values="dv_total_m_s")
    aliases = own.drop_duplicates("designation").set_index("designation")["name"]
    known = totals[SINGLE].notna()
    sentences = (
        _saved(totals[known], aliases, kind),
        _opened(totals[~known].drop(columns=SINGLE), aliases, kind, alone=not known.any()),
    )
    return " ".join(sentence for sentence in sentences if sentence)


def _saved(totals: pd.DataFrame, aliases: pd.Series[str], kind: str) -> str:
    """Say what the other ways save to those that a single impulse reaches."""
    if totals.empty:
        return ""
    single = totals[SINGLE]
    paid = single[single >= FREE_M_S]
    free = int((single < FREE_M_S).sum())
    if free == len(totals):
        return f"All {free} {kind} targets are free by a single impulse." if free > 1 else (
            f"The {kind} target is free by a single impulse."
        )  # fmt: skip
    text = f"Of {len(totals)} {kind} target{'s' * (len(totals) != 1)} {free or 'none'} "
    text += f"{'is' if free == 1 else 'are'} free by a single impulse"
    others = totals.loc[paid.index].drop(columns=SINGLE)
    saved = (paid - others.min(axis=1)).to_numpy(dtype=float)
    gains = saved[saved > 0.0]
    if not len(gains):
        return f"{text}, and for none of the others is another way cheaper."
    most = int(np.nanargmax(saved))
    name = str(paid.index[most])
    how = str(others.columns[int(np.nanargmin(others.iloc[most].to_numpy(dtype=float)))])
    return (
        f"{text}; for {len(gains)} of the {len(paid)} others another way costs less, by "
        f"{number(np.median(gains))}{_NBSP}m/s in the median. Most is saved on the way to "
        f"{full_name(name, aliases[name])}: {number(saved[most])} of "
        f"{number(paid.iloc[most])}{_NBSP}m/s, by {_with_article(how)}."
    )


def _opened(others: pd.DataFrame, aliases: pd.Series[str], kind: str, *, alone: bool) -> str:
    """Say whom the other ways reach that no single impulse does."""
    if others.empty:
        return ""
    one = len(others) == 1
    who = f"{kind} target{'s' * (not one)}" if alone else "more"
    text = f"{len(others)} {who} {'is' if one else 'are'} out of reach of a single impulse; "
    cheapest = others.min(axis=1).dropna()
    if cheapest.empty:
        return f"{text}so {'it is' if one else 'they are'} of the other ways."
    name = str(cheapest.idxmin())
    how = str(others.loc[name].astype(float).idxmin())
    some = f"{len(cheapest)} of them" if len(cheapest) < len(others) else "all of them"
    reached = "it" if one else some
    return (
        f"{text}another way reaches {reached}, {full_name(name, aliases[name])} for "
        f"{number(cheapest[name])}{_NBSP}m/s by {_with_article(how)}."
    )


def target_text(departures: pd.DataFrame | None, designation: str) -> str:
    """Name what the other ways to leave cost for one asteroid; empty where none was searched."""
    if departures is None:
        return ""
    parts = []
    for kind in KINDS:
        own = departures[(departures["designation"] == designation) & (departures["kind"] == kind)]
        dv = dict(zip(own["strategy"], own["dv_total_m_s"], strict=True))
        told = [f"{way} {metres(dv[way])}" for way in STRATEGIES[1:] if not pd.isna(dv.get(way))]
        if told:
            parts.append(f"{kind} by {', '.join(told)}\N{NO-BREAK SPACE}m/s")
    return "; ".join(parts)


def lost_text(departures: pd.DataFrame) -> str:
    """Account for the ways that led to no arc; empty where all did."""
    lost = departures.loc[departures["outcome"] != "found", "outcome"].value_counts().sort_index()
    if lost.empty:
        return ""
    parts = ", ".join(f"{count:,} {name}" for name, count in lost.items())
    return f"Of {len(departures):,} searches {int(lost.sum()):,} came to no arc: {parts}."


def plot_departures(
    departures: pd.DataFrame, ranking: pd.DataFrame, figure: Figure | None = None
) -> Figure:
    """Draw for each asteroid the least delta-v of every way of leaving.

    Parameters
    ----------
    departures : DataFrame
        `survey.tables.DEPARTURES`.
    ranking : DataFrame
        `survey.tables.RANKING`, whose order is that of the rows.
    figure : Figure, optional
        An empty one to draw in, which is then resized; a new one of pyplot's without it.

    Returns
    -------
    Figure
        A panel for each kind, of those that no single impulse reaches for nothing; a line runs
        from the single impulse to the cheapest other way. Without any such asteroid, no panel.
    """
    shown = {kind: _to_draw(departures, ranking, kind) for kind in KINDS}
    shown = {kind: some for kind, some in shown.items() if some}
    down = max([3, *(len(one) for one in shown.values())])
    figure = style.sized_figure(figure, 6.9, 1.0 + 0.19 * down)
    if not shown:
        return figure
    with style.figure_style():
        panels = figure.subplots(1, len(shown), squeeze=False)[0]
        for ax, kind in zip(panels, shown, strict=True):
            _panel(ax, kind, shown[kind], down)
        keys = [
            Line2D([], [], linestyle="", marker=marker, markersize=5, color=style.INK,
                   markerfacecolor=face, label=label)
            for (marker, face), label in zip(_MARKS, _LABELS, strict=True)
        ]  # fmt: skip
        figure.legend(handles=keys, loc="outside lower center", ncols=4, handletextpad=0.1)
    return figure


def _panel(ax: Axes, kind: str, shown: list[tuple[str, pd.Series]], down: int) -> None:
    ax.set_title(kind, loc="left", fontweight="bold")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(down - 0.4, -0.6)
    ax.set_xlabel("three-body Δv, m/s")
    ax.set_yticks(range(len(shown)), [name.replace("$", r"\$") for name, _ in shown])
    for y, (_, dv) in enumerate(shown):
        others = dv.drop(SINGLE)
        if np.isfinite(dv[SINGLE]) and others.notna().any():
            ax.plot([dv[SINGLE], others.min()], [y, y], color=style.FAINT, linewidth=1.0, zorder=1)
        for way, (marker, face) in zip(STRATEGIES, _MARKS, strict=True):
            if np.isfinite(dv[way]):
                ax.plot(dv[way], y, marker=marker, markersize=4.6, color=style.INK,
                        markerfacecolor=face, markeredgewidth=0.8,
                        gid=f"{kind} {way} {y}")  # fmt: skip
    ax.set_xlim(0.0, 1.05 * max(dv.max() for _, dv in shown))


def _to_draw(
    departures: pd.DataFrame, ranking: pd.DataFrame, kind: str
) -> list[tuple[str, pd.Series]]:
    """Return names, and delta-v by way, of the first that a single impulse costs something."""
    rows = []
    for _, own in _in_order(departures, ranking, kind):
        dv = pd.Series({way: float(own[way]["dv_total_m_s"]) for way in STRATEGIES})
        if dv.notna().any() and not dv[SINGLE] < FREE_M_S:
            rows.append((full_name(own[SINGLE]["designation"], own[SINGLE]["name"]), dv))
    return rows[:DRAWN]


def _in_order(
    departures: pd.DataFrame, ranking: pd.DataFrame, kind: str
) -> list[tuple[int, dict[str, dict[str, Any]]]]:
    """Return place and rows, by way, of each asteroid that is ranked, in the order of the places.

    All have a row of each way: that is how the table is made.
    """
    own = departures[departures["kind"] == kind]
    ranks = ranking[ranking[f"{kind}_rank"].notna()]
    places = dict(zip(ranks["designation"], ranks[f"{kind}_rank"].astype(int), strict=True))
    groups: dict[str, dict[str, dict[str, Any]]] = {}
    for row in own.to_dict("records"):
        known = {str(name): value for name, value in row.items()}
        groups.setdefault(known["designation"], {})[known["strategy"]] = known
    order = sorted((places[name], name) for name in groups if name in places)
    return [(place, groups[name]) for place, name in order]


def _best(own: dict[str, dict[str, Any]]) -> str:
    """Return the cheapest way; below `FREE_M_S` nothing is cheaper than the single impulse."""
    totals = [float(own[way]["dv_total_m_s"]) for way in STRATEGIES]
    return STRATEGIES[int(np.argmin([np.inf if np.isnan(v) else max(v, FREE_M_S) for v in totals]))]


def _with_article(way: str) -> str:
    return f"{'an' if way[0] in 'aeiou' else 'a'} {way}"


def _round(km: Any) -> Any:
    """Round altitudes to three digits: Earth's centre is not the barycentre."""
    return km if pd.isna(km) or km <= 0 else float(f"{km:.3g}")
