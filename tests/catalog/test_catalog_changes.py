"""What changed between two catalogues: matched by object, told by kind, measured in sigmas."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from survey.catalog import compare
from survey.catalog.changes import KINDS, table_text
from survey.tables import CATALOG, row_digest, validate


def catalogue(**changes: dict[str, object]) -> pd.DataFrame:
    """Four objects; each keyword is an object (``_433``) and what is different about it."""
    rows = {
        "433": {"number": 433, "name": "Eros", "provisional": "A898 PA", "spkid": 20000433},
        "469219": {"number": 469219, "name": "Kamoʻoalewa", "provisional": "2016 HO3"},
        "2006 RH120": {"provisional": "2006 RH120", "spkid": 3403148},
        "2000 SG344": {"provisional": "2000 SG344", "orbit_id": "15"},
    }
    common = {
        "epoch_jd_tdb": 2461000.5, "a_au": 1.1, "e": 0.2, "i_deg": 3.0, "node_deg": 359.999,
        "argperi_deg": 20.0, "mean_anomaly_deg": 30.0, "sigma_a_au": 1e-6, "sigma_e": 2e-6,
        "sigma_node_deg": 0.01, "condition_code": "3", "orbit_class": "APO", "arc": "400 days",
    }  # fmt: skip
    table = []
    for designation, row in rows.items():
        edit = changes.get("_" + designation.replace(" ", "_"), {})
        if edit is not None:
            table.append({"designation": designation, **common, **row, **edit})
    table += [{**common, **row} for row in changes.get("more", {}).values()]  # type: ignore[dict-item]
    frame = pd.DataFrame(table)
    for column in CATALOG.columns:
        if column.name not in frame:
            frame[column.name] = "" if column.kind == "str" else np.nan
    return validate(frame, CATALOG)


def told(old: pd.DataFrame, new: pd.DataFrame) -> list[tuple[str, str, str]]:
    table = compare(old, new).table
    return list(table[["designation", "previous", "change"]].itertuples(index=False, name=None))


def test_nothing_has_changed() -> None:
    changes = compare(catalogue(), catalogue())
    assert changes.table.empty
    assert changes.counts == dict.fromkeys(KINDS, 0)
    assert changes.summary() == ["  nothing has changed"]


def test_new_and_lost() -> None:
    other = {"x": {"designation": "2030 AB", "provisional": "2030 AB"}}
    new = catalogue(_433=None, more=other)  # type: ignore[arg-type]
    assert told(catalogue(), new) == [("2030 AB", "", "new"), ("433", "433", "lost")]
    changes = compare(catalogue(), new)
    assert (changes.lost, changes.known) == (1, 4)
    digest = changes.table["row_digest"].tolist()
    assert digest == [row_digest(new).iloc[-1], ""]


def test_an_object_that_was_numbered_is_neither_new_nor_lost() -> None:
    new = catalogue(_2006_RH120={"designation": "888888", "number": 888888})
    assert told(catalogue(), new) == [("888888", "2006 RH120", "numbered")]


def test_an_object_with_another_principal_designation_is_known_by_its_identifier() -> None:
    new = catalogue(_2006_RH120={"designation": "2005 QQ9", "provisional": "2005 QQ9"})
    assert told(catalogue(), new) == [("2005 QQ9", "2006 RH120", "renamed")]


def test_a_name_counts_but_not_its_apostrophe() -> None:
    assert told(catalogue(), catalogue(_469219={"name": "Kamo`oalewa"})) == []
    new = catalogue(_469219={"name": "Kamo"})
    assert told(catalogue(), new) == [("469219", "469219", "renamed")]
    assert told(catalogue(), catalogue(_469219={"name": ""})) == []


@pytest.mark.parametrize(
    ("edit", "kind", "sigmas"),
    [
        ({"a_au": 1.1 + 3e-6}, "changed", 3.0),
        ({"e": 0.2 + 9e-6, "a_au": 1.1 + 1e-6}, "changed", 4.5),
        ({"node_deg": 0.009}, "changed", 1.0),  # across 360 degrees
        ({"i_deg": 3.1}, "changed", 0.0),  # its own uncertainty is not known
        ({"a_au": 1.1 + 3e-6, "sigma_a_au": 1e-7}, "improved", 3.0),
        ({"a_au": 1.1 + 3e-6, "sigma_a_au": 1e-5}, "changed", 3.0),
        ({"a_au": 1.2, "sigma_a_au": np.nan, "condition_code": "2"}, "improved", 1e5),
    ],
)
def test_an_orbit_that_moved(edit: dict[str, object], kind: str, sigmas: float) -> None:
    new = catalogue(_433=edit)
    changes = compare(catalogue(), new)
    assert changes.table["change"].tolist() == [kind]
    assert changes.table["sigmas"].iloc[0] == pytest.approx(sigmas, rel=1e-6)
    assert changes.table["row_digest"].iloc[0] == row_digest(new).iloc[0]
    assert changes.table["row_digest"].iloc[0] != row_digest(catalogue()).iloc[0]


def test_the_same_solution_at_another_epoch_is_no_new_orbit() -> None:
    moved = {"epoch_jd_tdb": 2461200.5, "mean_anomaly_deg": 200.0}
    assert told(catalogue(), catalogue(_2000_SG344=moved)) == [
        ("2000 SG344", "2000 SG344", "epoch")
    ]
    new = catalogue(_2000_SG344=moved | {"orbit_id": "16"})
    assert told(catalogue(), new) == [("2000 SG344", "2000 SG344", "changed")]
    assert compare(catalogue(), new).table["sigmas"].isna().all()
    assert told(catalogue(), catalogue(_433=moved))[0][2] == "changed"  # no solution is named


def test_no_uncertainty_no_sigmas() -> None:
    old = catalogue(_433={"sigma_a_au": np.nan, "sigma_e": np.nan, "sigma_node_deg": 0.0})
    changes = compare(old, catalogue(_433={"a_au": 1.3}))
    assert changes.table["sigmas"].isna().all()
    assert table_text(changes).decode().splitlines()[1].startswith("433,433,changed,,")


def test_the_summary_names_the_largest_moves_first() -> None:
    new = catalogue(
        _433={"a_au": 1.1 + 3e-6},
        _469219={"a_au": 1.1 + 50e-6},
        _2006_RH120={"designation": "888888", "number": 888888, "a_au": 1.1 + 7e-6},
    )
    assert compare(catalogue(), new).summary() == [
        "       1  numbered: has received its number (2006 RH120 → 888888)",
        "       3  changed: another orbit (469219 by 50 sigma, 2006 RH120 → 888888 by 7 sigma, "
        "433 by 3 sigma)",
    ]
