"""What a craft pays depends on where on its orbit it is: delta-v against phase."""

from __future__ import annotations

from collections.abc import Mapping

import astropy.units as u
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MultipleLocator
from numpy.typing import ArrayLike

from survey.report import style

_LINES = ("#12355b", "#4aa3c7", "#7d4a86", "#c98a12")  # told apart by lightness, too
_STYLES = ("-", "-", (0, (4, 1.5)), (0, (1.5, 1.2)))


def plot_phase_costs(
    costs_m_s: Mapping[str, ArrayLike],
    ax: Axes | None = None,
    *,
    marked: u.Quantity | None = None,
    label: str = "",
) -> Axes:
    """Draw the delta-v of each part of the phases, one curve for each parking orbit.

    Parameters
    ----------
    costs_m_s : mapping of str to array_like, shape (n,)
        Name of each curve and its cost in n equal parts of a revolution, m/s; infinite or NaN
        where no arc is known, which leaves a gap. One to four curves.
    ax : Axes, optional
        Where to draw; a new figure without it.
    marked : Quantity, optional
        A delta-v to compare with, drawn as a horizontal line.
    label : str
        What is written on that line.

    Returns
    -------
    Axes
        Its x axis is the phase, a fraction of a revolution.

    Raises
    ------
    ValueError
        If there is no curve, more than four, or one that is not a line of two values or more.
    """
    if not 1 <= len(costs_m_s) <= len(_LINES):
        raise ValueError(
            f"{len(costs_m_s)} curves were given, but the figure holds one to {len(_LINES)}: "
            "draw the others in a second figure"
        )
    curves = {name: np.asarray(values, dtype=float) for name, values in costs_m_s.items()}
    for name, values in curves.items():
        if values.ndim != 1 or len(values) < 2:
            raise ValueError(
                f"the costs of {name!r} have shape {values.shape}: give one for each of at least "
                "two parts of the phases"
            )
    if ax is None:
        figure = style.sized_figure(None, 6.9, 3.3)
        with style.figure_style():
            ax = figure.subplots()
    with style.figure_style():
        top = 1.0
        for (name, values), colour, dashes in zip(curves.items(), _LINES, _STYLES, strict=False):
            costs = np.where(np.isfinite(values), values, np.nan)
            edges = np.linspace(0.0, 1.0, len(costs) + 1)
            ax.stairs(costs, edges, baseline=None, color=colour, linewidth=1.3, label=name,
                      linestyle=dashes, gid=name)  # fmt: skip
            if np.isfinite(costs).any():
                top = max(top, float(np.nanmax(costs)))
        if marked is not None:
            level = marked.to_value(u.m / u.s)
            top = max(top, level)
            ax.axhline(level, color=style.ACCENT, linewidth=0.8, zorder=1)
            ax.annotate(
                label, (0.995, level), (0, 2), textcoords="offset points", ha="right", va="bottom",
                color=style.ACCENT, fontsize=7.5,
                bbox={"facecolor": style.PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.75},
            )  # fmt: skip
        ax.set(xlim=(0.0, 1.0), ylim=(0.0, 1.08 * top))
        ax.xaxis.set_major_locator(MultipleLocator(0.25))
        ax.xaxis.set_minor_locator(MultipleLocator(0.05))
        ax.set_xlabel("phase, revolutions")
        ax.set_ylabel("least Δv, m/s")
        ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(curves))
        for side in ("top", "right"):
            ax.spines[side].set_visible(False)
    return ax
