"""``survey import`` and a run on the snapshot it made, wherever that lies."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from survey.cli.verbs import survey
from survey.tables import CATALOG, TRANSFERS, file_digest, read_table


@pytest.fixture
def eros(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give (433) Eros as NEOCC has it, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SURVEY_CATALOGS", raising=False)
    return shared_data / "api_fixtures" / "neocc" / "433.ke1"


def printed(capfd: pytest.CaptureFixture[str], *words: object) -> str:
    capfd.readouterr()
    survey.main([str(word) for word in words], prog_name="survey", standalone_mode=False)
    return capfd.readouterr().out


def test_the_snapshot_is_printed_last(eros: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Path("catalogs").mkdir()
    path = Path(printed(capfd, "import", eros, "--date", "2026-01-02").splitlines()[-1])
    assert path == Path("catalogs/neo-2026-01-02.ecsv.gz")
    frame, _ = read_table(path, CATALOG)
    assert frame["designation"].tolist() == ["433"]


def test_json(eros: Path, capfd: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(printed(capfd, "import", eros, "--output", "mine", "--json"))
    assert (facts["accepted"], facts["rejected"]) == (1, {})
    assert Path(facts["snapshot"]).is_file()


def test_rejected_rows_are_listed(eros: Path, capfd: pytest.CaptureFixture[str]) -> None:
    # A row of the Minor Planet Center with an eccentricity that no ellipse has.
    header = "number,name,designation,epoch_jd_tt,a_au,e,i_deg,node_deg,argperi_deg,"
    good = "433,Eros,A898 PA,2459403.5,1.4581342,0.2229062,10.83048,304.29885,178.86382,136.688"
    Path("two.csv").write_text(
        f"{header}mean_anomaly_deg\n{good}\n{good.replace('0.2229062', '1.2229062')}\n"
    )
    words = ("import", "two.csv", "--output", "mine")
    facts = json.loads(printed(capfd, *words, "--rejected", "left.csv", "--json"))
    assert facts["accepted"] == 1
    assert sum(facts["rejected"].values()) == 1
    left = pd.read_csv("left.csv")
    assert list(left.columns) == ["line", "designation", "reason"]
    assert left["line"].tolist() == [3]


def test_a_run_may_use_a_snapshot_from_anywhere(
    eros: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    snapshot = printed(capfd, "import", eros, "--output", "elsewhere").splitlines()[-1]
    Path("one").mkdir()
    Path("one/run.toml").write_text(
        '[window]\ndeparture = "2027-01-01 to 2027-12-31 every 30 d"\n'
        'tof = "30 d to 730 d every 70 d"\n'
        "[three_body]\nsearch = false\n"
    )
    out = printed(capfd, "run", "one", "--catalog", snapshot)
    assert out.splitlines()[-1] == "one/report.pdf"
    _, provenance = read_table("one/transfers.ecsv", TRANSFERS)
    assert provenance["snapshot"] == Path(snapshot).name
    assert provenance["snapshot_sha256"] == file_digest(snapshot)
