"""What a catalogue says beside the orbit: identifiers, uncertainties, physical properties.

None of it decides whether a row is an asteroid. A value that is not understood is left out and
reported; the row stays, for an odd rotation period must not cost an orbit.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.catalog.numerals import read_numbers
from survey.tables import CATALOG, Column

# Lowest and highest value; zero stands for "above nothing" where zero itself would be nonsense.
_RANGES: Final = {
    "spkid": (1, 1e9),
    "n_observations": (1, 1e6),
    "moid_au": (0, 1e3),
    "A1_au_d2": (-1e-3, 1e-3),
    "A2_au_d2": (-1e-3, 1e-3),
    "A3_au_d2": (-1e-3, 1e-3),
    "diameter_sigma_km": (0, 3e3),
    "rotation_h": (1e-4, 1e6),
    "nhats_dv_km_s": (0.1, 200),
    "nhats_duration_d": (1, 1e5),
    "approaches": (1, 1e4),
    "approach_jd_tdb": (2.3e6, 2.6e6),
    "approach_au": (0, 10),
    "approach_v_km_s": (0, 200),
}
_SIGMA: Final = (0.0, 1e30)
_LONGEST: Final = 60

COLUMNS: Final = tuple(column for column in CATALOG.columns if column.optional)
NAMES: Final = tuple(column.name for column in COLUMNS)


def read_secondary(
    raw: dict[str, list[Any]],
) -> tuple[dict[str, Any], list[tuple[int, str]]]:
    """Read the secondary columns of a raw table.

    Parameters
    ----------
    raw : dict
        A list of text per column, all of the same length.

    Returns
    -------
    columns : dict
        Those in which something is given, ready for a DataFrame.
    left_out : list of (row, reason)
        Values that were not understood.
    """
    columns: dict[str, Any] = {}
    left_out: list[tuple[int, str]] = []
    for column in COLUMNS:
        texts = raw[column.name]
        if not any(texts):
            continue
        good = _texts(texts) if column.kind == "str" else _numbers(column, texts)
        for row, text in enumerate(texts):
            if text and not good[row]:
                shown = text if len(text) <= 40 else text[:39] + "…"
                left_out.append((row, f"value left out: {column.name} {shown!r}"))
        if column.kind == "str":
            kept = zip(texts, good, strict=True)
            columns[column.name] = [text if fine else "" for text, fine in kept]
            continue
        real = pd.Series(read_numbers(texts)).where(good)
        if column.name == "spkid":
            real = real.where(~real.between(2_000_001, 2_999_999), real + 18_000_000)
        columns[column.name] = real.astype("Int64") if column.kind == "int" else real
    return columns, sorted(left_out)


def long_spkid(number: int) -> int:
    """Return JPL's identifier of a numbered asteroid in the scheme of 8 digits.

    2000433 of the scheme of 7 digits is 20000433; identifiers of unnumbered objects stay as they
    are.
    """
    return number + 18_000_000 if 2_000_000 < number < 3_000_000 else number


def _texts(texts: list[str]) -> NDArray[np.bool_]:
    return np.array([text.isprintable() and len(text) <= _LONGEST for text in texts], dtype=bool)


def _numbers(column: Column, texts: list[str]) -> NDArray[np.bool_]:
    value = read_numbers(texts)
    low, high = _RANGES.get(column.name, _SIGMA)
    good = (value >= low) & (value <= high)  # NaN is in no range
    return good & (value == np.rint(value)) if column.kind == "int" else good
