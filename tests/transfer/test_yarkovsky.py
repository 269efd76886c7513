"""From JPL's columns A1, A2, A3 in a table to the drift of an orbit: one name all the way."""

from __future__ import annotations

import json

import numpy as np
import pytest

from survey.astro.kepler import state_to_elements
from survey.catalog import import_catalog, read_snapshot
from survey.catalog.sbdb_query import FIELDS, decode_neos
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2
from survey.tables import CATALOG
from survey.transfer.ephemerides import NON_GRAVITATIONAL, build_ephemerides, laws_of

EPOCH = 2_461_000.5
# Elements as rounded by the SBDB; A2 of Bennu [Farnocchia2021] and of Apophis in JPL's solutions.
ROWS = {
    "101955": ("101955 Bennu (1999 RQ36)", "Bennu", 1.126, 0.2037, 6.03, 2.06, 66.2, 101.7,
               None, "-4.6178E-14", None),
    "99942": ("99942 Apophis (2004 MN4)", "Apophis", 0.9224, 0.1911, 3.34, 203.9, 126.7, 90.3,
              "5.0E-13", "-2.9018E-14", None),
    "433": ("433 Eros (A898 PA)", "Eros", 1.458, 0.2228, 10.83, 304.3, 178.9, 310.5,
            None, None, None),
}  # fmt: skip
_FIELDS = ("full_name", "name", "a", "e", "i", "om", "w", "ma", "A1", "A2", "A3")


def table() -> dict[str, object]:
    """An answer of SBDB Query, all values text or null as on the wire."""
    data = []
    for number, values in ROWS.items():
        row = dict(zip(_FIELDS, values, strict=True))
        row |= {"pdes": number, "epoch": str(EPOCH), "H": "19", "condition_code": "0"}
        row |= {"data_arc": "8000", "class": "APO"}
        data.append([v if (v := row.get(f)) is None else str(v) for f in FIELDS])
    return {
        "signature": {"source": "NASA/JPL SBDB Query API", "version": "1.0"},
        "fields": list(FIELDS), "data": data, "count": len(data),
    }  # fmt: skip


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pushed")
    (folder / "sbdb.json").write_text(json.dumps(table()))
    path = import_catalog(folder / "sbdb.json", destination=folder, date="2026-11-22").path
    return read_snapshot(path).set_index("designation", drop=False).loc[list(ROWS)].reset_index(
        drop=True
    )  # fmt: skip


def test_the_columns_are_asked_for_and_have_one_name():
    assert {"A1", "A2", "A3"} <= set(FIELDS)
    units = {column.name: column.unit for column in CATALOG.columns}
    assert [units[name] for name in NON_GRAVITATIONAL] == ["AU / d2"] * 3
    raw = decode_neos(table(), "", lambda _: None).raw  # as a refresh reads it
    assert raw["A2_au_d2"] == ["-4.6178E-14", "-2.9018E-14", ""]
    assert raw["A1_au_d2"] == ["", "5.0E-13", ""]


def test_laws(catalogue):
    laws = laws_of(catalogue)
    si = AU_KM / DAY_S**2
    np.testing.assert_allclose(laws[:, 1], np.array([-4.6178e-14, -2.9018e-14, 0.0]) * si)
    np.testing.assert_allclose(laws[:, 0], np.array([0.0, 5e-13, 0.0]) * si)
    assert not laws[:, 2].any() and not laws_of(catalogue.drop(columns=["A2_au_d2"]))[:, 1].any()


@pytest.mark.parametrize(("row", "published"), [(0, -284.6), (1, None)])
def test_the_drift_is_that_of_theory(catalogue, row, published):
    """da/dt = 2 A2 (1 - e²) / (n p²) for an inverse square [Farnocchia2013, equation 1].

    Bennu's, in metres a year, is printed [Farnocchia2021]: -284.6 with a law that falls a little
    faster.
    """
    span = EPOCH - 1.0, EPOCH + 1000.0  # before Apophis' encounter
    a, e, a2 = (catalogue[n][row] for n in ("a_au", "e", "A2_au_d2"))
    motion = np.sqrt(GM_SUN_KM3_S2 / (a * AU_KM) ** 3) * DAY_S
    days = 2 * np.pi / motion  # a whole revolution: the swing within one is larger
    size = []
    for frame in (catalogue, catalogue.assign(A2_au_d2=np.nan)):
        r, v = build_ephemerides(frame, *span).chunk([row]).states([EPOCH + days])
        size.append(state_to_elements(GM_SUN_KM3_S2, r[0, 0], v[0, 0])[0])
    drift = (size[0] - size[1]) * 1e3 / (days / 365.25)  # m a year
    theory = 2 * a2 * (1 - e**2) / (motion * (a * (1 - e**2)) ** 2) * 365.25 * AU_KM * 1e3
    assert drift == pytest.approx(theory, rel=0.03)  # planets feel the shift, too
    if published is not None:
        assert drift == pytest.approx(published, rel=0.03)
