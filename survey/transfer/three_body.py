"""Every asteroid from the real parking orbit: the three-body search over a catalogue.

Passes follow each other, each for fewer asteroids than the one before. All are laid over the
reachable set, which tells at once who is out of reach; those that are not get a few arcs closed
and optimised; the head of that ranking is searched phase by phase, and then by the other ways of
leaving the parking orbit. The asteroids go in chunks, so that a chunk is the unit of parallel work,
of progress and of resumption.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import survey
from survey.transfer.departures import to_departures
from survey.transfer.ephemerides import Ephemerides, build_ephemerides, laws_of, model_key
from survey.transfer.parking import ParkingOrbit
from survey.transfer.ranking_flags import FREE_M_S
from survey.transfer.strategies import MODE
from survey.transfer.targets import element_array
from survey.transfer.three_body_arcs import CAREFUL, QUICK, Kind
from survey.transfer.three_body_chunk import Piece, Work, search_chunk
from survey.transfer.three_body_model import SearchWindow, make_model
from survey.transfer.three_body_modes import ROOT, ModesPiece, search_modes
from survey.transfer.three_body_pass import run_pass
from survey.transfer.three_body_records import IN_REACH, KINDS, split_parents
from survey.transfer.three_body_shelf import ResultShelf, key_of
from survey.transfer.three_body_sources import ROOT as CHUNK_ROOT
from survey.transfer.three_body_sources import source_digest
from survey.transfer.three_body_starts import START, WORTH_A_START, two_body_windows
from survey.transfer.three_body_table import counts_of, to_table, to_unreached

CHUNK: Final = 32
DEEP: Final = 150
"""Asteroids of either kind that are searched phase by phase, cheapest first."""

MODES: Final = 50
"""Most asteroids of either kind that are searched by every way of leaving."""

_CAREFUL_CHUNK: Final = 4
_MODES_CHUNK: Final = 5
_MARGIN_D: Final = 2.0


@dataclass(frozen=True)
class ThreeBodySearch:
    """What a search with Earth's gravity has found, as tables; Δv in m/s, dates JD TDB.

    Parameters
    ----------
    arcs : DataFrame
        In the schema `survey.tables.THREE_BODY`, a row for each arc of one impulse; the first of
        each asteroid and kind is its cheapest, the others arrive or fly sooner for more.
        ``attrs["counts"]`` accounts for all that were searched; see
        `survey.transfer.three_body_table.counts_of`.
    unreached : DataFrame
        In the schema `survey.tables.UNREACHED`, a row for each asteroid and kind without an arc.
    departures : DataFrame
        In the schema `survey.tables.DEPARTURES`, a row for each of the leading asteroids, kind
        and way of leaving the parking orbit.
    """

    arcs: pd.DataFrame
    unreached: pd.DataFrame
    departures: pd.DataFrame


def search_three_body(
    catalog: pd.DataFrame,
    parking: ParkingOrbit,
    window: SearchWindow,
    *,
    transfers: pd.DataFrame | None = None,
    deep: int = DEEP,
    modes: int = MODES,
    executor: Executor | None = None,
    ephemerides: Ephemerides | None = None,
    cache: Path | None = None,
    results: Path | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> ThreeBodySearch:
    """Cheapest flybys and rendezvous from the parking orbit, with Earth's gravity (rung B).

    Parameters
    ----------
    catalog : DataFrame
        Rows of the catalogue, in the schema `survey.tables.CATALOG`.
    parking : ParkingOrbit
        Where the craft waits. Without an epoch of phase zero, all phases are searched.
    window : SearchWindow
        Departures, times of flight and budgets.
    transfers : DataFrame, optional
        Two-body transfers of the same asteroids (`survey.transfer.search_transfers`), from which
        arcs are started that cost more than the reachable set holds.
    deep : int, optional
        Asteroids of either kind that are searched phase by phase.
    modes : int, optional
        Asteroids of either kind, of those searched phase by phase, that are also searched by the
        other ways of leaving the parking orbit, cheapest first; and half as many of those that no
        single impulse reaches within the budget, cheapest two-body arcs first.
    executor : concurrent.futures.Executor, optional
        Who does the chunks; processes, as much of the work holds Python's lock.
    ephemerides : Ephemerides, optional
        Of these rows over `span_of(window)`; integrated here if not given.
    cache : Path, optional
        Folder in which ephemerides are kept between runs.
    results : Path, optional
        Folder in which finished asteroids are kept, `default_results` for the user's. They are
        searched again only if their orbits, or anything else that matters, have changed.
    progress : callable, optional
        Called with the pass, the number of asteroids done and their total.

    Returns
    -------
    ThreeBodySearch

    Raises
    ------
    ValueError
        If the window leaves the ephemeris, or the parking orbit has no counterpart in the
        elliptic problem.
    """
    if not deep >= 0:
        raise ValueError(f"the number of asteroids searched deeply was given as {deep}: write 150")
    span = span_of(window)
    if ephemerides is None:
        ephemerides = build_ephemerides(catalog, *span, executor=executor, cache=cache)
    model = make_model(parking, window)
    searcher = _Searcher(
        catalog["designation"].to_numpy(dtype=object),
        np.concatenate([element_array(catalog), laws_of(catalog)], axis=1),
        ephemerides,
        {
            k: {} if transfers is None else two_body_windows(transfers, k, window.budget_m_s(k))
            for k in KINDS
        },
        executor,
        results,
        progress or (lambda *_: None),
    )
    every = np.arange(len(catalog))
    quick = searcher.search(Work(model, parking, window, QUICK), every, "reach")
    parts, passes, ways = [], [quick], [np.empty(0, MODE)]
    for number, kind in enumerate(KINDS):
        mine = quick[quick["kind"] == number]
        chosen = _head(mine, deep)
        deeper = Work(model, parking, window, CAREFUL, (kind,))
        careful, parents = split_parents(searcher.search(deeper, chosen, f"phases, {kind}"))
        passes.append(careful)
        better = careful[careful["outcome"] == IN_REACH]
        found = np.isin(mine["asteroid"], better["asteroid"])
        parts += [better, mine[~found]]
        known = np.concatenate([better, mine[~found & np.isin(mine["asteroid"], chosen)]])
        parents = np.concatenate([parents, known[~np.isin(known["asteroid"], better["asteroid"])]])
        most = min(modes, deep)
        beyond = _beyond(catalog, transfers, window, kind, mine, most // 2)
        leading = np.concatenate([_head(known, most), beyond])
        ways.append(searcher.search_modes(deeper, leading, parents))
    records = np.concatenate(parts)
    table = to_table(catalog, model, records)
    table.attrs["counts"] = counts_of(len(catalog), records, passes)
    departures = to_departures(catalog, model, np.concatenate(ways))
    return ThreeBodySearch(table, to_unreached(catalog, window, records), departures)


def span_of(window: SearchWindow) -> tuple[float, float]:
    """First and last JD TDB for which a three-body search needs the asteroids."""
    return window.first_jd - _MARGIN_D, window.last_jd + window.tof_max_d + _MARGIN_D


@dataclass(frozen=True)
class _Searcher:
    """Who is searched, by whom, what is kept where, and who is told."""

    designations: NDArray[np.object_]
    orbits: NDArray[np.float64]
    ephemerides: Ephemerides
    windows: dict[Kind, dict[str, NDArray[np.void]]]
    executor: Executor | None
    results: Path | None
    tell: Callable[[str, int, int], None]

    def search(self, work: Work, rows: NDArray[np.int64], name: str) -> NDArray[np.void]:
        """Search some of the rows, chunk by chunk, but for those whose results are known."""
        shelf = ResultShelf(self.results, self._everything(work))
        records = run_pass(
            shelf, {int(row): self._key(int(row)) for row in rows},
            lambda some: self._piece(work, some), search_chunk,
            size=CHUNK if work.effort == QUICK else _CAREFUL_CHUNK, executor=self.executor,
            tell=lambda done, total: self.tell(name, done, total),
        )  # fmt: skip
        return records[np.lexsort((records["window"], records["kind"], records["asteroid"]))]

    def search_modes(
        self, work: Work, rows: NDArray[np.int64], parents: NDArray[np.void]
    ) -> NDArray[np.void]:
        """Search some of the rows by every way of leaving, from the arcs known of them."""
        if not len(rows):
            return np.empty(0, MODE)
        shelf = ResultShelf(self.results, b"modes" + self._everything(work, ROOT), MODE)
        own = {int(row): parents[parents["asteroid"] == row] for row in rows}
        (kind,) = work.kinds
        for some in own.values():
            some["asteroid"] = 0  # its place in this catalogue is nothing that results follow from
        keys = {
            row: key_of(self.orbits[row].tobytes(), some.tobytes()) for row, some in own.items()
        }
        return run_pass(
            shelf, keys,
            lambda some: ModesPiece(
                work.model, work.window, kind, self.ephemerides.chunk(some),
                [own[int(row)] for row in some],
            ),
            search_modes, size=_MODES_CHUNK, executor=self.executor,
            tell=lambda done, total: self.tell(f"departure modes, {kind}", done, total),
        )  # fmt: skip

    def _piece(self, work: Work, rows: NDArray[np.int64]) -> Piece:
        windows = {
            kind: [self._windows(kind, name) for name in self.designations[rows]] for kind in KINDS
        }
        return Piece(work, self.ephemerides.chunk(rows), windows)

    def _windows(self, kind: Kind, name: str) -> NDArray[np.void]:
        return self.windows[kind].get(name, np.empty(0, START))

    def _key(self, row: int) -> bytes:
        arcs = [self._windows(kind, self.designations[row]).tobytes() for kind in KINDS]
        return key_of(self.orbits[row].tobytes(), *arcs)

    def _everything(self, work: Work, root: str = CHUNK_ROOT) -> bytes:
        """Write down what all asteroids' results follow from."""
        torus = work.model.torus
        orbit = b"" if torus is None else torus.coefficients.tobytes()
        choices = (
            survey.__version__, source_digest(root), work.window, work.effort, work.kinds,
            work.model.phase_zero, work.model.mass_ratio, work.model.point.tolist(),
            model_key(self.ephemerides.first_jd, self.ephemerides.last_jd),
        )  # fmt: skip
        return repr(choices).encode() + orbit


def _head(records: NDArray[np.void], count: int) -> NDArray[np.int64]:
    """Return the asteroids that are cheapest to pass, or to stop at, ties by arrival."""
    rows = records[records["window"] == 1]
    order = np.lexsort((rows["end"], np.maximum(rows["total"], FREE_M_S)))
    return np.asarray(rows["asteroid"][order][:count])


def _beyond(
    catalog: pd.DataFrame, transfers: pd.DataFrame | None, window: SearchWindow, kind: Kind,
    mine: NDArray[np.void], count: int,
) -> NDArray[np.int64]:  # fmt: skip
    """Return asteroids that no single impulse reaches, those of the cheapest two-body arcs first.

    A burn deep in the Earth's well buys speed so cheaply that it may bring them within the budget.
    """
    if transfers is None:
        return np.empty(0, np.int64)
    rows = transfers[transfers["kind"] == kind]
    cheapest = rows.groupby("designation")["dv_total_m_s"].min()
    price = cheapest.reindex(catalog["designation"]).to_numpy(dtype=float, copy=True)
    price[mine["asteroid"][mine["outcome"] == IN_REACH]] = np.nan
    order = np.argsort(price, kind="stable")[:count]
    return np.asarray(order[price[order] < WORTH_A_START * window.budget_m_s(kind)])
