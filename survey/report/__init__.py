"""The page: porkchop plots, figures of the whole survey, and the PDF. It draws and never computes.

The only place that imports matplotlib and typst.
"""

from survey.report.departures import plot_departures
from survey.report.document import write_report
from survey.report.figures import plot_calendar, plot_catalog, plot_ranking
from survey.report.manifolds import plot_manifold
from survey.report.orbits import plot_families
from survey.report.parking_orbit import plot_parking
from survey.report.porkchop import plot_porkchop
from survey.report.rungs import plot_rungs, plot_two_rungs
from survey.report.stability import plot_stability
from survey.report.trades import plot_phases, plot_trades

__all__ = [
    "plot_calendar",
    "plot_catalog",
    "plot_departures",
    "plot_families",
    "plot_manifold",
    "plot_parking",
    "plot_phases",
    "plot_porkchop",
    "plot_ranking",
    "plot_rungs",
    "plot_stability",
    "plot_trades",
    "plot_two_rungs",
    "write_report",
]
