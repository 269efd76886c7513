"""What has changed from one snapshot to the next, object by object."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.catalog.names import name_key
from survey.tables import row_digest

# The kinds, in the order in which they are told, and what each means.
KINDS: Final = {
    "new": "not in the last snapshot",
    "lost": "in the last snapshot, and no longer there",
    "numbered": "has received its number",
    "renamed": "has another name or designation",
    "improved": "another orbit with smaller uncertainty",
    "changed": "another orbit",
    "epoch": "the same orbit solution, given for another epoch",
}
_ORBIT: Final = ("epoch_jd_tdb", "a_au", "e", "i_deg", "node_deg", "argperi_deg",
                 "mean_anomaly_deg")  # fmt: skip
_SIGMA: Final = {name: f"sigma_{name}" for name in _ORBIT[1:]}
_CIRCLE: Final = ("node_deg", "argperi_deg", "mean_anomaly_deg")
_COLUMNS: Final = ("designation", "previous", "change", "sigmas", "row_digest")
_EXAMPLES: Final = 3


@dataclass(frozen=True)
class Changes:
    """The difference between two snapshots.

    Parameters
    ----------
    table : DataFrame
        ``designation``; ``previous``, the designation it had; ``change``, a key of `KINDS`;
        ``sigmas``, by how many of the earlier 1-sigma uncertainties the element moved that moved
        most (missing where the epochs differ or no uncertainty is known); ``row_digest``, the hash
        of the orbit as it is now, empty for a lost one. An object may stand in two rows, one about
        its name and one about its orbit.
    known : int
        Objects of the earlier snapshot.
    """

    table: pd.DataFrame
    known: int

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, in the order of `KINDS`."""
        found = self.table["change"].value_counts()
        return {kind: int(found.get(kind, 0)) for kind in KINDS}

    @property
    def lost(self) -> int:
        """How many objects are no longer there."""
        return self.counts["lost"]

    def summary(self) -> list[str]:
        """Say it in a line per kind, with examples: those whose orbit moved most first."""
        lines = []
        for kind, count in self.counts.items():
            if not count:
                continue
            rows = self.table[self.table["change"] == kind]
            rows = rows.sort_values("sigmas", ascending=False, kind="stable", na_position="last")
            examples = [_example(row) for row in rows.head(_EXAMPLES).to_dict("records")]
            dots = ", …" if count > len(examples) else ""
            lines.append(f"  {count:>6,}  {kind}: {KINDS[kind]} ({', '.join(examples)}{dots})")
        return lines or ["  nothing has changed"]


def compare(old: pd.DataFrame, new: pd.DataFrame) -> Changes:
    """Compare two catalogues.

    Parameters
    ----------
    old, new : DataFrame
        `survey.tables.CATALOG`.

    Returns
    -------
    Changes
        An object is the same if its designation is, or the designation it had before it was
        numbered, or else JPL's identifier.
    """
    digest = row_digest(new).tolist()
    place = _places(old, new)
    known, there = np.flatnonzero(place >= 0), place[place >= 0]
    before = old["designation"].tolist()
    now = new["designation"].tolist()
    rows: list[tuple[str, str, str, float, str]] = []

    def tell(kind: str, row: int, past: int, sigmas: float = float("nan")) -> None:
        rows.append((now[row], before[past], kind, sigmas, digest[row]))

    for row in sorted(set(range(len(new))) - set(there.tolist())):
        rows.append((now[row], "", "new", float("nan"), digest[row]))
    for past in np.flatnonzero(place < 0).tolist():
        rows.append((before[past], before[past], "lost", float("nan"), ""))
    names = old["name"].tolist(), new["name"].tolist()
    for past, row in zip(known.tolist(), there.tolist(), strict=True):
        if now[row] != before[past]:
            numbered = now[row].isdigit() and not before[past].isdigit()
            tell("numbered" if numbered else "renamed", row, past)
        elif names[1][row] and name_key(names[0][past]) != name_key(names[1][row]):
            tell("renamed", row, past)
    a, b = old.iloc[known], new.iloc[there]
    kinds, sigmas = _orbits(a, b)
    for k in np.flatnonzero(kinds != ""):
        tell(str(kinds[k]), int(there[k]), int(known[k]), float(sigmas[k]))
    table = pd.DataFrame(rows, columns=list(_COLUMNS)).astype({"sigmas": float})
    order = {kind: number for number, kind in enumerate(KINDS)}
    table = table.sort_values("change", key=lambda s: s.map(order), kind="stable")
    return Changes(table.reset_index(drop=True), len(old))


def table_text(changes: Changes) -> bytes:
    """Return the difference as CSV, sigmas to three digits."""
    table = changes.table.assign(
        sigmas=["" if np.isnan(value) else f"{value:.3g}" for value in changes.table["sigmas"]]
    )
    return bytes(table.to_csv(index=False, lineterminator="\n").encode())


def _example(row: dict[Any, Any]) -> str:
    who = str(row["designation"])
    if row["previous"] and row["previous"] != who:
        who = f"{row['previous']} → {who}"
    return who if np.isnan(row["sigmas"]) else f"{who} by {row['sigmas']:.3g} sigma"


def _places(old: pd.DataFrame, new: pd.DataFrame) -> NDArray[np.int_]:
    # Row of `new` for each row of `old`, -1 if there is none; no row is given away twice.
    keys = [
        ("designation", "designation"),
        ("designation", "provisional"),
        ("provisional", "designation"),
        ("provisional", "provisional"),
        ("spkid", "spkid"),
    ]
    place = np.full(len(old), -1)
    free = np.ones(len(new), dtype=bool)
    for ours, theirs in keys:
        rows = {
            value: row
            for row, value in enumerate(new[theirs].astype(object).tolist())
            if free[row] and not pd.isna(value) and value != ""
        }
        values = old[ours].astype(object).tolist()
        for past in np.flatnonzero(place < 0):
            row = -1 if pd.isna(values[past]) else rows.get(values[past], -1)
            if row >= 0 and free[row]:
                place[past], free[row] = row, False
    return place


def _orbits(
    old: pd.DataFrame, new: pd.DataFrame
) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    moved = np.zeros(len(old), dtype=bool)
    most = np.full(len(old), np.nan)
    for name in _ORBIT:
        difference = new[name].to_numpy(float) - old[name].to_numpy(float)
        moved |= difference != 0
        if name not in _SIGMA:
            continue
        if name in _CIRCLE:
            difference = (difference + 180) % 360 - 180
        sigma = old[_SIGMA[name]].to_numpy(float)
        known = sigma > 0
        ratio = np.full(len(old), np.nan)
        ratio[known] = np.abs(difference[known]) / sigma[known]
        most = np.fmax(most, ratio)
    shifted = old["epoch_jd_tdb"].to_numpy() != new["epoch_jd_tdb"].to_numpy()
    # Perturbations move the elements between two epochs by more than any uncertainty.
    most[shifted | ~moved] = np.nan
    solution = old["orbit_id"].to_numpy(), new["orbit_id"].to_numpy()
    same = shifted & (solution[0] == solution[1]) & (solution[0] != "")
    kinds = np.where(same, "epoch", np.where(_better(old, new), "improved", "changed"))
    return np.where(moved, kinds, "").astype(object), most


def _better(old: pd.DataFrame, new: pd.DataFrame) -> NDArray[np.bool_]:
    before, after = (frame["sigma_a_au"].to_numpy(float) for frame in (old, new))
    known = np.isfinite(before) & np.isfinite(after)
    smaller = np.zeros(len(old), dtype=bool)
    smaller[known] = after[known] < 0.99 * before[known]
    codes = [
        pd.to_numeric(frame["condition_code"], errors="coerce").to_numpy(float)
        for frame in (old, new)
    ]
    lower = ~known & (np.nan_to_num(codes[1], nan=99.0) < np.nan_to_num(codes[0], nan=-1.0))
    return np.asarray(smaller | lower, dtype=bool)
