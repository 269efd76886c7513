"""A chunk of asteroids, the unit of parallel work, searched from starts to records.

What a chunk gives follows from what it is given and from this module with all that it imports,
which is what the results kept on disk are filed under.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from survey.transfer.ephemerides import AsteroidEphemeris
from survey.transfer.parking import ParkingOrbit
from survey.transfer.three_body_arcs import Effort, Kind, passes_of, search_many
from survey.transfer.three_body_model import SearchWindow, ThreeBodyModel, make_reach
from survey.transfer.three_body_records import KINDS, RECORD, records_of
from survey.transfer.three_body_starts import all_starts
from survey.transfer.three_body_track import make_tracks


@dataclass(frozen=True)
class Work:
    """What a chunk needs besides its asteroids."""

    model: ThreeBodyModel
    parking: ParkingOrbit
    window: SearchWindow
    effort: Effort
    kinds: tuple[Kind, ...] = KINDS


@dataclass(frozen=True)
class Piece:
    """A chunk: its asteroids, and for each kind and each of them the two-body arcs known."""

    work: Work
    asteroids: AsteroidEphemeris
    windows: dict[Kind, list[NDArray[np.void]]]


def search_chunk(piece: Piece) -> NDArray[np.void]:
    """Search one chunk of asteroids; records numbered from 0 within it, of each at least one."""
    work = piece.work
    reach = make_reach(work.parking, work.window)
    tracks = list(make_tracks(work.model, work.window, piece.asteroids))
    paths = [bool(np.isfinite(track.states).any()) for track in tracks]
    passes = [passes_of(work.model, reach, work.window, track) for track in tracks]
    parts = [np.empty(0, RECORD)]
    for kind in work.kinds:
        starts = [
            all_starts(work.model, track, work.window, kind, work.effort, windows)
            for track, windows in zip(tracks, piece.windows[kind], strict=True)
        ]
        many = search_many(
            work.model, reach, work.window, tracks, kind=kind, effort=work.effort, starts=starts,
            passes=passes,
        )  # fmt: skip
        parts += [
            records_of(
                work.model, work.window, found, number, kind, work.effort, has_path=paths[number]
            )
            for number, found in enumerate(many)
        ]
    return np.concatenate(parts)
