"""One object's services go through the same door, astroquery's questions included."""

from __future__ import annotations

import json
from pathlib import Path

import local_jpl
import pytest
from fault_tools import FAST
from local_jpl import LocalJPL

from survey.catalog import open_door
from survey.catalog.horizons import fetch_vectors
from survey.catalog.lookup import UnknownTargetError
from survey.catalog.nhats import fetch_nhats_object
from survey.catalog.sbdb_lookup import fetch_object


def test_lookup_through_astroquery(jpl: LocalJPL, tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "api_fixtures"
    door = open_door(jpl.url, folder=tmp_path / "door", limits=FAST)
    recorded = json.loads((folder / "sbdb" / "99942_phys.json").read_text())
    missing = json.loads((folder / "sbdb" / "missing.json").read_text())
    jpl.__class__._sbdb = lambda self, params: (  # type: ignore[attr-defined]
        recorded if params["sstr"] == "Apophis" else missing
    )
    try:
        assert fetch_object("Apophis", door).elements["e"].value == 0.1911663355386932
        _, params, headers, _ = jpl.asked[-1]
        assert params["cov"] == "mat" and params["phys-par"] == "true"
        assert params["full-prec"] == "true"
        assert headers["User-Agent"].startswith("survey/")  # not astroquery's own way out
        with pytest.raises(UnknownTargetError, match="JPL does not know the object"):
            fetch_object("Nobody", door)
    finally:
        del jpl.__class__._sbdb  # type: ignore[attr-defined]


def test_horizons_and_nhats_through_the_door(
    jpl: LocalJPL, tmp_path: Path, shared_data: Path
) -> None:
    folder = shared_data / "api_fixtures"
    door = open_door(jpl.url, folder=tmp_path / "door", limits=FAST)
    text = (folder / "horizons" / "astroquery_ceres_vectors_range.txt").read_bytes()
    jpl.__class__._horizons = lambda self, params: {}  # type: ignore[attr-defined]
    try:
        jpl.order("horizons", local_jpl.status(503), 1)
        jpl.order("horizons", local_jpl.says(text))
        frame = fetch_vectors("1", "2022-06-10", "2022-07-10", "10d", door)
        assert frame["x_au"].iloc[0] == -8.354726583796999e-01
        assert jpl.asked_for("horizons") == 2
        params = jpl.asked[-1][1]
        assert params["COMMAND"] == '"1;"'
        assert params["STEP_SIZE"] == '"10d"'
        assert "TLIST" not in params
    finally:
        del jpl.__class__._horizons  # type: ignore[attr-defined]
    jpl.order("nhats", local_jpl.says((folder / "nhats" / "99942.json").read_bytes()))
    assert fetch_nhats_object("99942", door).cheapest.dv_km_s == 6.049
