"""Until when an asteroid was seen, by its designation and its arc."""

import gzip
import json

import numpy as np
import pandas as pd
import pytest
from astropy.time import Time

from survey.catalog import read_catalog
from survey.transfer.sightings import seen_after


@pytest.mark.parametrize(
    ("designation", "provisional", "arc", "day"),
    [
        ("2008 TC3", "", "1 days", "2008-10-01"),  # seen from 6 to 7 October
        ("2021 BO", "", "", "2021-01-16"),
        ("2024 AA", "", "", "2024-01-01"),
        ("2024 DZ12", "", "", "2024-02-16"),
        ("2019 JA", "", "", "2019-05-01"),  # the ninth letter is J: there is no I
        ("1998 YA", "", "", "1998-12-16"),
        ("99942", "2004 MN4", "", "2004-06-16"),
        ("99942", "2004 MN4", "2004-2021", "2021-01-01"),
        ("2004 MN4", "", "2001-2003", "2004-06-16"),  # the later of the two
        ("433", "", "1893-2021", "2021-01-01"),
    ],
)
def test_days(designation, provisional, arc, day):
    rows = pd.DataFrame({"designation": [designation], "provisional": [provisional], "arc": [arc]})
    assert seen_after(rows) == pytest.approx(Time(day).jd - 1.0)


@pytest.mark.parametrize("designation", ["433", "2040 P-L", "A898 PA", "A/2019 G2", "early", ""])
def test_nothing_is_known(designation):
    rows = pd.DataFrame({"designation": [designation], "arc": ["12 days"]})
    assert seen_after(rows).tolist() == [-np.inf]
    assert seen_after(rows[["designation"]]).tolist() == [-np.inf]
    assert seen_after(rows[:0]).shape == (0,)


def test_no_object_of_the_mpc_was_seen_after_its_last_observation(shared_data):
    """Against the field Last_obs, which the reader of catalogues does not take over."""
    path = shared_data / "catalogs/mpc_nea_extended_epoch2459403.5.json.gz"
    with gzip.open(path) as file:
        last = {
            entry.get("Number", "").strip("()") or entry["Principal_desig"]: entry["Last_obs"]
            for entry in json.load(file)
            if "Last_obs" in entry
        }
    rows = read_catalog(path)[0]
    rows = rows[rows["designation"].isin(last)]
    found = seen_after(rows)
    days = Time([last[name] for name in rows["designation"]]).jd
    assert len(rows) > 25_000 and np.isfinite(found).all()
    # Observed in October 2018, designated by the day of the report: the only one of 25,791.
    assert rows["designation"][found > days].tolist() == ["2021 GE115"]
