"""The ways to leave the parking orbit, by the names that tables hold and people read."""

from __future__ import annotations

from typing import Final

SINGLE: Final = "single impulse"
INSERTED: Final = "inserted deep-space impulse"
COAST: Final = "manifold coast"
SWINGBY: Final = "powered Earth swingby"
STRATEGIES: Final = (SINGLE, INSERTED, COAST, SWINGBY)
"""In the order of tables and figures."""
