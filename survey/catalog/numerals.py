"""Numbers as the authorities print them, read exactly and nothing else taken for one."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

NUMBER: Final = re.compile(
    r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?|[+-]?(nan|inf|infinity)", re.I | re.A
)
# Of texts with these letters alone, Python's own conversion accepts exactly those that NUMBER
# does, but for exponents of more than three digits.
_PLAIN: Final = re.compile(r"[0-9.+\-eE\n]*")
_LONG: Final = re.compile(r"[eE][+-]?\d{4}")


def read_numbers(texts: list[str]) -> NDArray[np.float64]:
    """Convert texts to float64, exact to the last bit; what is no number is NaN."""
    joined = "\n".join(texts)
    if _PLAIN.fullmatch(joined) and not _LONG.search(joined):
        try:
            return np.array([float(text) if text else np.nan for text in texts], dtype=float)
        except ValueError:
            pass  # e.g. "1.2.3": one by one, then
    return np.array(
        [float(text) if NUMBER.fullmatch(text) else np.nan for text in texts], dtype=float
    )
