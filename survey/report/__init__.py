"""The page: porkchop plots, figures of the whole survey, and the PDF. It draws and never computes.

The only place that imports matplotlib and typst.
"""

from survey.report.document import write_report
from survey.report.figures import plot_calendar, plot_catalog, plot_ranking
from survey.report.porkchop import plot_porkchop

__all__ = ["plot_calendar", "plot_catalog", "plot_porkchop", "plot_ranking", "write_report"]
