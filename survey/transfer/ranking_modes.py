"""Which way of leaving the parking orbit is ranked: the cheapest that arrives in time."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from survey.tables import DEPARTURES, validate
from survey.transfer.ranking_flags import FREE_M_S
from survey.transfer.strategy_names import SINGLE

_KEY: Final = ["designation", "kind"]


def cheapest_way(
    single: pd.DataFrame, departures: pd.DataFrame | None, last: float
) -> pd.DataFrame:
    """Choose for each asteroid and kind between the single impulse and the other ways to leave.

    Parameters
    ----------
    single : DataFrame
        The best arc of one impulse of each, with the columns of `survey.tables.THREE_BODY` and
        `late`.
    departures : DataFrame or None
        In the schema `survey.tables.DEPARTURES`.
    last : float
        Last date of operation, JD TDB.

    Returns
    -------
    DataFrame
        One row of each asteroid and kind, with `dv_middle_m_s`, and `single_impulse_dv_m_s` for
        comparison. Another way than the single impulse is taken where it is cheaper, or where it
        alone arrives in time. Below `FREE_M_S` nothing is saved. What only the single impulse
        has, its figures by phase, stays beside.
    """
    alone = single.assign(single_impulse_dv_m_s=single["dv_total_m_s"], dv_middle_m_s=0.0)
    if departures is None:
        return alone
    found = validate(departures, DEPARTURES)
    found = found[(found["outcome"] == "found") & (found["strategy"] != SINGLE)]
    if found.empty:
        return alone
    found = found.assign(late=found["arrival_jd_tdb"] > last)
    beside = [name for name in alone.columns if name not in found.columns]
    found = found.merge(alone[[*_KEY, *beside]], on=_KEY, how="left")
    both = pd.concat([alone, found[alone.columns]], ignore_index=True)
    both["price"] = both["dv_total_m_s"].clip(lower=FREE_M_S)
    both["detour"] = np.where(both["strategy"] == SINGLE, 0, 1)
    order = both.sort_values(["late", "price", "detour", "arrival_jd_tdb"], kind="stable")
    return order.drop_duplicates(_KEY)[list(alone.columns)]
