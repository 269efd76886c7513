"""The look shared by every figure, held in one style that never leaks into the caller's plots."""

from __future__ import annotations

from contextlib import AbstractContextManager
from io import BytesIO
from typing import Any, Final

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.figure import Figure

INK: Final = "#22262b"
FAINT: Final = "#8a9099"
PAPER: Final = "#ffffff"
ACCENT: Final = "#c8502d"  # vermilion: the budget, and nothing else
BEYOND: Final = "#fbfaf4"  # above the last level: nearly paper, as nobody will fly there
FONT: Final = "STIXGeneral"  # travels with matplotlib, has the okina and the arrows
# What a viewer of the SVG should set the same text in; the widths agree within a few per cent.
SVG_FONTS: Final = "'Libertinus Serif', 'STIXGeneral', 'STIX Two Text', 'Times New Roman', serif"

STYLE: Final[dict[str, Any]] = {
    "font.family": [FONT],
    "font.size": 8.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "legend.fontsize": 7.5,
    "axes.linewidth": 0.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.unicode_minus": True,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.minor.width": 0.3,
    "ytick.minor.width": 0.3,
    "xtick.major.size": 3.0,
    "ytick.major.size": 3.0,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "axes.grid": False,
    "hatch.linewidth": 0.4,
    "legend.frameon": False,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "figure.dpi": 110.0,
    "savefig.dpi": 220.0,
    "svg.fonttype": "none",
    "svg.hashsalt": "survey",
    "pdf.fonttype": 42,
    "path.simplify": True,
}


def figure_style() -> AbstractContextManager[None]:
    """Return the context in which a figure is drawn and saved; rcParams are as before after it."""
    # From matplotlib's defaults, so that a person's own matplotlibrc cannot change a report.
    settings: dict[Any, Any] = dict(mpl.rcParamsDefault)
    settings.update(STYLE)
    for kept in ("backend", "interactive", "toolbar"):
        settings.pop(kept, None)
    return mpl.rc_context(settings)


def sized_figure(figure: Figure | None, width: float, height: float) -> Figure:
    """Give `figure`, or a new one of pyplot's, the size in inches and an automatic layout.

    To be called outside `figure_style`: pyplot may choose its backend at this moment, and what it
    then sets must outlive the style.
    """
    if figure is None:
        return plt.figure(figsize=(width, height), layout="constrained", facecolor=PAPER)
    figure.set_layout_engine("constrained")
    figure.set_size_inches(width, height)
    return figure


def svg_bytes(figure: Figure) -> bytes:
    """Render a figure as SVG: same figure, same bytes; text stays text, set in `SVG_FONTS`."""
    buffer = BytesIO()
    with figure_style():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue().replace(f"'{FONT}'".encode(), SVG_FONTS.encode())
