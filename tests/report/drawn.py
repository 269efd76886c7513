"""Finding again, in a figure, what was drawn under a name."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection


def drawn(ax, gid):
    """Paths of a collection of lines, without the gaps."""
    (found,) = (c for c in ax.collections if c.get_gid() == gid)
    assert isinstance(found, LineCollection)
    return [segment[np.isfinite(segment).all(axis=1)] for segment in found.get_segments()]


def artist(ax, gid):
    (found,) = (one for one in ax.get_children() if one.get_gid() == gid)
    return found


def texts(where):
    return [one.get_text() for one in where.findobj(mpl.text.Text)]
