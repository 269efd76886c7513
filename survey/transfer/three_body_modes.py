"""A chunk of asteroids by every way of leaving the parking orbit, from parents to records.

What a chunk gives follows from what it is given and from this module with all that it imports,
which is what the results kept on disk are filed under.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from survey.astro.perigee import Waypoints
from survey.transfer.drifts import make_coasts
from survey.transfer.ephemerides import AsteroidEphemeris
from survey.transfer.strategies import modes_of
from survey.transfer.swingby import make_perigees
from survey.transfer.three_body_arcs import Kind
from survey.transfer.three_body_model import SearchWindow, ThreeBodyModel
from survey.transfer.three_body_track import make_tracks

ROOT: Final = "survey.transfer.three_body_modes"
_TABLES_KEPT: Final = 2  # some 50 MB each


@dataclass(frozen=True)
class ModesPiece:
    """A chunk: its asteroids, and the arcs of one impulse known of each.

    Parameters
    ----------
    model : ThreeBodyModel
    window : SearchWindow
    kind : {"flyby", "rendezvous"}
    asteroids : AsteroidEphemeris
    parents : list of ndarray of `survey.transfer.three_body_records.RECORD`
    """

    model: ThreeBodyModel
    window: SearchWindow
    kind: Kind
    asteroids: AsteroidEphemeris
    parents: list[NDArray[np.void]]


def search_modes(piece: ModesPiece) -> NDArray[np.void]:
    """Search one chunk; records of `survey.transfer.strategies.MODE`, numbered within it."""
    model, window = piece.model, piece.window
    perigees, coasts = waypoints_of(model, window)
    tracks = list(make_tracks(model, window, piece.asteroids))
    return modes_of(model, window, tracks, piece.parents, perigees, coasts, kind=piece.kind)


def waypoints_of(model: ThreeBodyModel, window: SearchWindow) -> tuple[Waypoints, Waypoints]:
    """Return the perigees and the drifts of a parking orbit; the last ones are kept in memory."""
    torus = b"" if model.torus is None else model.torus.coefficients.tobytes()
    key = (torus, model.point.tobytes(), model.phase_zero, model.perihelion, window)
    with _LOCK:
        if key not in _KEPT:
            _KEPT[key] = make_perigees(model, window), make_coasts(model, window)
            while len(_KEPT) > _TABLES_KEPT:
                _KEPT.popitem(last=False)
        _KEPT.move_to_end(key)
        return _KEPT[key]


_KEPT: OrderedDict[tuple[object, ...], tuple[Waypoints, Waypoints]] = OrderedDict()
_LOCK = threading.Lock()
