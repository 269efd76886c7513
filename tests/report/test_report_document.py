"""The PDF of a run says what it should, is the same twice, and refuses what does not belong."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from survey.catalog import find, read_snapshot, snapshot_folders
from survey.report import write_report
from survey.report.content import (
    answer,
    caution_text,
    diameter_range_m,
    metres,
    ranking_rows,
    top_targets,
    uncertainty,
)
from survey.run import calendar_date, read_run
from survey.tables import RANKING, TRANSFERS, read_table, write_table
from survey.transfer import Spacecraft, rank

pypdf = pytest.importorskip("pypdf")


@pytest.fixture
def run_folder(small_run, tmp_path):
    return Path(shutil.copytree(small_run, tmp_path / "run"))


@pytest.fixture(scope="module")
def written(small_run, tmp_path_factory):
    folder = Path(shutil.copytree(small_run, tmp_path_factory.mktemp("written") / "run"))
    return write_report(folder)


def pages(path):
    # What a reader sees: text of each page, with runs of white space as one blank.
    return [" ".join(page.extract_text().split()) for page in pypdf.PdfReader(path).pages]


@pytest.fixture(scope="module")
def text(written):
    return pages(written)


def edit(folder, pattern, replacement):
    path = folder / "run.toml"
    before = path.read_text(encoding="utf-8")
    after = re.sub(pattern, replacement, before)
    assert after != before
    path.write_text(after, encoding="utf-8")


def rewrite(folder, transfers, **provenance):
    """Put other transfers into a run, with the ranking that belongs to them."""
    _, old = read_table(folder / "transfers.ecsv", TRANSFERS)
    run = read_run(folder / "run.toml")
    craft = Spacecraft(run.mass, run.propellant, run.isp, run.reserve, run.last_date)
    new = {**old, **provenance}
    write_table(transfers, TRANSFERS, folder / "transfers.ecsv", provenance=new)
    write_table(rank(transfers, craft), RANKING, folder / "ranking.ecsv", provenance=new)


def test_the_first_page_has_the_title_as_typed_and_the_answer(text, small_run):
    title = read_run(small_run / "run.toml").title
    squeezed = text[0].replace(" ", "")
    assert title.replace(" ", "") in squeezed
    ranking, _ = read_table(small_run / "ranking.ecsv", RANKING)
    best = ranking.sort_values("flyby_rank").iloc[0]
    assert f"cheapest flyby is {best['designation']}" in text[0]
    assert f"for {best['flyby_dv_m_s']:,.0f} m/s" in text[0]
    assert f"departure {calendar_date(best['flyby_departure_jd_tdb'])}" in text[0]
    assert "4 asteroids" in text[0] or "309" in text[0]
    assert "budget for a transfer" in text[0]


def test_the_limits_are_told_in_full(text):
    whole = " ".join(text)
    assert "What this report leaves out" in whole
    for told in (
        "this model has no Earth", "Chang’e 2", "4179 Toutatis", "97.3 m/s", "913", "881", "505",
        "over 1000", "907", "2000 SG344", "1.227 km/s", "1.229 km/s", "2.352 km/s",
        "not a flight plan", "n-body asteroid, two-body craft", "are not published",
    ):  # fmt: skip
        assert told in whole, told


def test_the_page_number_that_the_first_page_points_to_is_right(text):
    page = int(re.search(r"leaves out”, page (\d+)", text[0]).group(1))
    assert "What this report leaves out Earth’s gravity" in text[page - 1]
    assert f"page {page} of {len(text)}" in text[page - 1]


def test_tables_hold_the_rankings(text, small_run):
    ranking, _ = read_table(small_run / "ranking.ecsv", RANKING)
    for kind in ("flyby", "rendezvous"):
        for row in ranking.to_dict("records"):
            departure = calendar_date(row[f"{kind}_departure_jd_tdb"])
            assert f"{row[f'{kind}_dv_m_s']:,.0f}" in text[1]
            assert departure in text[1]


def test_the_comparison_with_ellipses_is_told(text, small_run):
    ranking, _ = read_table(small_run / "ranking.ecsv", RANKING)
    kepler, _ = read_table(small_run / "transfers-kepler.ecsv", TRANSFERS)
    first = next(n for n, page in enumerate(text) if "What the planets change" in page)
    told = text[first] + text[first + 1]
    best = kepler[kepler["window"] == 1].set_index(["designation", "kind"])["dv_total_m_s"]
    for row in ranking.to_dict("records"):
        for kind in ("flyby", "rendezvous"):
            theirs, ours = best[row["designation"], kind], row[f"{kind}_dv_m_s"]
            assert row[f"{kind}_kepler_dv_m_s"] == theirs
            cells = f"{row['designation']} {row['name']}".strip() + (
                f" {metres(ours)} {metres(theirs)} {ours - theirs:+,.0f} ".replace("-", "−")
            )
            assert cells in told.replace("  ", " "), cells


def test_doubtful_positions_are_told(text, small_run):
    ranking, _ = read_table(small_run / "ranking.ecsv", RANKING)
    assert set(ranking["flyby_trusted"]) == {"yes", "no"}
    for row in ranking.to_dict("records"):
        for kind in ("flyby", "rendezvous"):
            letter = "position on arrival in doubt"
            assert (f"{kind}: asteroid's {letter}" in row["flags"]) == (
                row[f"{kind}_trusted"] == "no"
            )
            assert (row[f"{kind}_doubt"] == "") == (row[f"{kind}_trusted"] == "yes")
            assert uncertainty(row[f"{kind}_sigma_km"], row[f"{kind}_doubt"]) in text[1]
    for designation in top_targets(ranking, 2):
        page = next(p for p in text[3:] if "absolute magnitude H" in p and designation in p)
        row = ranking[ranking["designation"] == designation].iloc[0]
        assert "Position on arrival: " in page
        assert row["flyby_doubt"] in page


def test_uncertainties_are_written_in_thousands_of_kilometres():
    assert uncertainty(43_210.0, "") == "43"
    assert uncertainty(432.1, "") == "0.43"
    assert uncertainty(3.0e8, "position uncertain by 300,000,000 km") == "lost"
    assert uncertainty(float("nan"), "orbit condition 9: the position is not known") == "lost"
    assert uncertainty(float("nan"), "") == "–"


def test_whoever_was_left_out_is_named_with_the_reason(run_folder):
    reason = "hit the Earth before the first departure"
    transfers, _ = read_table(run_folder / "transfers.ecsv", TRANSFERS)
    rewrite(
        run_folder, transfers,
        left_out=[{"reason": reason, "count": 1, "asteroids": ["2024 XX1 (2024-12-03)"]}],
    )  # fmt: skip
    whole = " ".join(pages(write_report(run_folder)))
    assert f"Asteroids left out. 1: {reason} (2024 XX1 (2024-12-03))" in whole
    assert "left_out" not in whole and "left out [" not in whole


def test_a_run_on_ellipses_says_so(run_folder):
    kepler, _ = read_table(run_folder / "transfers-kepler.ecsv", TRANSFERS)
    edit(run_folder, r"\A", '[catalog]\nasteroids = "kepler"\n')
    rewrite(run_folder, kepler)
    whole = " ".join(pages(write_report(run_folder)))
    assert "Kepler asteroid, two-body craft" in whole
    assert "n-body asteroid" not in whole and "What the planets change" not in whole
    assert "on undisturbed ellipses" in whole


def test_each_top_target_has_its_page_with_its_windows(text, small_run):
    ranking, _ = read_table(small_run / "ranking.ecsv", RANKING)
    transfers, _ = read_table(small_run / "transfers.ecsv", TRANSFERS)
    chosen = top_targets(ranking, 2)
    assert len(chosen) == 2
    for designation in chosen:
        page = next(p for p in text[3:] if "absolute magnitude H" in p and designation in p)
        own = transfers[transfers["designation"] == designation]
        for departure in own["departure_jd_tdb"]:
            assert calendar_date(departure) in page
        assert "— flyby" in page and "— rendezvous" in page
        assert "orbit epoch 2021-07-08" in page  # midnight TDB of that day


def test_provenance_names_the_snapshot_and_its_digest(text, small_run):
    _, provenance = read_table(small_run / "transfers.ecsv", TRANSFERS)
    assert provenance["snapshot"] in text[-1]
    assert provenance["snapshot_sha256"] in text[-1].replace(" ", "")


def test_same_run_same_bytes(written, run_folder):
    again = write_report(run_folder)
    assert again.read_bytes() == written.read_bytes()
    for figure in (written.parent / "figures").iterdir():
        assert (run_folder / "figures" / figure.name).read_bytes() == figure.read_bytes()


def test_the_pdf_bears_no_date_and_no_path(written):
    metadata = pypdf.PdfReader(written).metadata
    assert not {key for key in metadata if "Date" in key and "1970" not in str(metadata[key])}
    assert str(written.parent).encode() not in written.read_bytes()


def test_nothing_but_the_report_is_left_behind(written):
    names = {path.name for path in written.parent.iterdir()}
    tables = {"transfers.ecsv", "transfers-kepler.ecsv", "ranking.ecsv"}
    assert names == tables | {"run.toml", "figures", "report.pdf"}
    assert all(path.suffix == ".svg" for path in (written.parent / "figures").iterdir())


def test_a_run_without_any_solution_is_readable(run_folder):
    transfers, _ = read_table(run_folder / "transfers.ecsv", TRANSFERS)
    rewrite(run_folder, transfers.iloc[:0])
    shown = " ".join(pages(write_report(run_folder)))
    assert "asteroids searched is reached by any arc" in shown
    assert "No flyby was found" in shown and "No rendezvous was found" in shown
    assert "What this report leaves out" in shown


def test_a_budget_that_affords_nothing_is_readable(run_folder):
    edit(
        run_folder, r"\[report\]", '[spacecraft]\npropellant = "1 kg"\nreserve = "20 m/s"\n[report]'
    )
    transfers, _ = read_table(run_folder / "transfers.ecsv", TRANSFERS)
    rewrite(run_folder, transfers)
    first = pages(write_report(run_folder))[0]
    assert "With 0 m/s to spend" in first
    assert "none of the" in first and "more than the budget" in first


def test_pages_of_an_earlier_list_do_not_stay(run_folder):
    (run_folder / "figures").mkdir()
    (run_folder / "figures" / "porkchop-old.svg").write_text("old")
    (run_folder / "figures" / "mine.svg").write_text("kept")
    transfers, _ = read_table(run_folder / "transfers.ecsv", TRANSFERS)
    rewrite(run_folder, transfers.iloc[:0])
    write_report(run_folder)
    assert [path.name for path in (run_folder / "figures").iterdir()] == ["mine.svg"]


@pytest.mark.parametrize(("inside", "verb"), [(True, "can"), (False, "cannot")])
def test_the_answer_for_one_asteroid_is_a_sentence(small_run, inside, verb):
    run = read_run(small_run / "run.toml")
    craft = Spacecraft(run.mass, run.propellant, run.isp, run.reserve, run.last_date)
    ranking, _ = read_table(small_run / "ranking.ecsv", RANKING)
    one = ranking.iloc[:1].assign(flyby_within_budget=inside, rendezvous_within_budget=False)
    first = answer(one, craft, 1)[0]
    assert f"the one asteroid searched {verb} be passed" in first
    assert "and cannot be met" in first


def test_top_targets_take_turns():
    frame = pd.DataFrame({"designation": list("abcd")})
    for kind, order in (("flyby", [1, 2, 3, 4]), ("rendezvous", [4, 1, 3, 2])):
        frame[f"{kind}_rank"], frame[f"{kind}_dv_m_s"] = order, [10.0 * k for k in order]
    assert top_targets(frame, 3) == ["a", "b", "d"]
    assert top_targets(frame, 9) == ["a", "b", "d", "c"]


def test_reasons_for_caution_are_lettered_once_and_told_by_kind(small_run):
    flags = "flyby: slow; flyby: near Earth; rendezvous: slow"
    assert caution_text(flags) == "slow (flyby and rendezvous); near Earth (flyby)"
    assert caution_text("") == ""
    ranking, _ = read_table(small_run / "ranking.ecsv", RANKING)
    ranking["flags"] = flags
    letters: dict[str, str] = {}
    assert {row["caution"] for row in ranking_rows(ranking, "flyby", letters)} == {"a b"}
    assert {row["caution"] for row in ranking_rows(ranking, "rendezvous", letters)} == {"a"}
    assert letters == {"slow": "a", "near Earth": "b"}


def test_diameters_follow_the_standard_relation():
    # Kamoʻoalewa, H 24.3: 1329 km / sqrt(p) * 10**(-H/5) is 36.6 m for p 0.25, 81.8 m for 0.05.
    assert diameter_range_m(24.3) == "37–82"
    assert diameter_range_m(17.75) == "750–1,700"
    assert diameter_range_m(float("nan")) == "–"


# ------------------------------------------------------------------------------------ refusals
def refuse(folder, pattern):
    with pytest.raises(ValueError, match=pattern) as caught:
        write_report(folder)
    message = str(caught.value)
    assert "\n" not in message
    assert not (Path(folder) / "report.pdf").exists()
    return message


def test_no_folder(tmp_path):
    refuse(tmp_path / "nowhere", "no run folder .*nowhere")


@pytest.mark.parametrize("name", ["run.toml", "transfers.ecsv", "ranking.ecsv"])
def test_a_missing_file(run_folder, name):
    (run_folder / name).unlink()
    assert "`survey " in refuse(run_folder, f"has no {name}")


def test_a_snapshot_that_is_gone(run_folder, monkeypatch, tmp_path):
    transfers, _ = read_table(run_folder / "transfers.ecsv", TRANSFERS)
    rewrite(run_folder, transfers, snapshot="neo-1999-12-31.ecsv.gz")
    refuse(run_folder, "neo-1999-12-31.ecsv.gz of this run is in none")


def test_a_snapshot_that_has_changed(run_folder):
    transfers, _ = read_table(run_folder / "transfers.ecsv", TRANSFERS)
    rewrite(run_folder, transfers, snapshot_sha256="0" * 64)
    refuse(run_folder, "has another SHA-256")


def test_tables_that_do_not_name_their_snapshot(run_folder):
    transfers, _ = read_table(run_folder / "transfers.ecsv", TRANSFERS)
    rewrite(run_folder, transfers, snapshot="")
    refuse(run_folder, "does not say which catalogue snapshot")


def test_choices_that_changed_after_the_search(run_folder):
    edit(run_folder, r"2028-01-01", "2028-06-01")
    refuse(run_folder, "not among the dates of run.toml")


def test_a_grid_that_holds_cheaper_arcs_than_the_tables(run_folder):
    edit(run_folder, r'20 d"\ntof', '4 d"\ntof')
    refuse(run_folder, "choices in run.toml lead to")


def test_a_craft_that_changed_after_the_ranking(run_folder):
    edit(run_folder, r"\[report\]", '[spacecraft]\nlast_date = "2028-06-01"\n[report]')
    refuse(run_folder, "another craft")


def test_tables_of_another_model(run_folder):
    edit(run_folder, r"\A", '[catalog]\nasteroids = "kepler"\n')
    refuse(run_folder, "asteroids moved by another model")


def test_a_comparison_that_is_gone_or_another(run_folder):
    kepler, provenance = read_table(run_folder / "transfers-kepler.ecsv", TRANSFERS)
    (run_folder / "transfers-kepler.ecsv").unlink()
    refuse(run_folder, "has no transfers-kepler.ecsv")
    kepler["dv_total_m_s"] += 1.0
    write_table(kepler, TRANSFERS, run_folder / "transfers-kepler.ecsv", provenance=provenance)
    refuse(run_folder, "another craft")


def test_a_folder_that_cannot_be_written(run_folder):
    (run_folder / "figures").write_text("in the way")
    refuse(run_folder, "cannot be written")


def test_a_damaged_table(run_folder):
    (run_folder / "transfers.ecsv").write_text("not a table")
    refuse(run_folder, "transfers.ecsv")


def test_the_fixture_ran_on_the_snapshot_that_is_looked_for(small_run):
    _, provenance = read_table(small_run / "transfers.ecsv", TRANSFERS)
    assert any((folder / provenance["snapshot"]).is_file() for folder in snapshot_folders())
    assert find("469219", read_snapshot("latest"))["designation"] == "469219"
