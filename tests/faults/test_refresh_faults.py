"""Every misbehaviour of a service ends in the right exit status, and nothing good is lost."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import local_jpl
import pytest
from fault_tools import FAST, Command
from local_jpl import Content, LocalJPL, says, status

from survey.catalog import open_door, read_snapshot, refresh, resolve_snapshot

BULK = "sbdb_query"


def always(fault: local_jpl.Fault) -> Callable[[LocalJPL], None]:
    return lambda jpl: jpl.order(BULK, fault)


def once(*faults: local_jpl.Fault) -> Callable[[LocalJPL], None]:
    def install(jpl: LocalJPL) -> None:
        for fault in faults:
            jpl.order(BULK, fault, 1)

    return install


def edited(change: Callable[[Content], Any]) -> Callable[[LocalJPL], None]:
    return lambda jpl: jpl.edit(BULK, change)


def rename(content: Content, field: str) -> None:
    content["fields"][content["fields"].index(field)] = field + "_new"


def drop(content: Content, field: str) -> None:
    place = content["fields"].index(field)
    del content["fields"][place]
    for row in content["data"]:
        del row[place]


def shorten(content: Content, rows: int) -> None:
    del content["data"][-rows:]
    content["count"] = len(content["data"])


def double(content: Content) -> None:
    half = len(content["data"]) // 2
    content["data"][half:] = content["data"][:half]


def spoil(content: Content, field: str, value: Any, rows: int) -> None:
    place = content["fields"].index(field)
    for row in content["data"][:rows]:
        row[place] = value


def version(number: Any) -> Callable[[Content], None]:
    return lambda content: content["signature"].update(version=number)


def without(key: str) -> Callable[[Content], None]:
    return lambda content: content.pop(key) and None


def add_field(content: Content) -> None:
    content["fields"].append("colour")
    for row in content["data"]:
        row.append("red")


def add_comets(content: Content) -> None:
    names = content["fields"]
    for k in range(5):
        row = list(content["data"][k])
        row[names.index("full_name")] = f" {k + 1}P/Comet"
        row[names.index("pdes")] = f"{k + 1}P"
        content["data"].append(row)
    content["count"] = len(content["data"])


def odd_values(content: Content) -> None:
    spoil(content, "rot_per", "fast", 4)
    spoil(content, "sigma_a", "-1", 3)


ERROR = {"message": "one or more parameter was invalid", "code": "400", "moreInfo": "see the page"}

# Name: what happens, exit status, and words of the message.
FAULTS: dict[str, tuple[Callable[[LocalJPL], None], int, str]] = {
    "429 with Retry-After": (always(status(429, Retry_After="1")), 3, "slow down (HTTP 429)"),
    "429 for an hour": (always(status(429, Retry_After="3600")), 3, "alone for another 3600 s"),
    "429 once": (once(status(429, Retry_After="0")), 0, "unchanged"),
    "429 with nonsense": (once(status(429, Retry_After="soon")), 0, "unchanged"),
    "503 burst": (once(status(503), status(503)), 0, "unchanged"),
    "503 for good": (always(status(503)), 3, "out of order at the moment (HTTP 503)"),
    "500 for good": (always(status(500)), 3, "(HTTP 500)"),
    "502 then a cut": (once(status(502), local_jpl.cut), 0, "unchanged"),
    "slow drip": (always(local_jpl.drip), 3, "not complete after 1 s"),
    "slow drip of headers": (always(local_jpl.drip_headers), 3, "not complete after 1 s"),
    "silence": (always(local_jpl.silent), 3, "went silent"),
    "cut in mid-body": (always(local_jpl.cut), 3, "broke off"),
    "cut while packed": (always(local_jpl.cut_packed), 3, "cut off or damaged"),
    "cut in chunks": (always(local_jpl.cut_chunks), 3, "broke off"),
    "chunked": (always(local_jpl.chunks), 0, "unchanged"),
    "wrong length": (always(local_jpl.short_length), 3, "cut off or damaged"),
    "wrong content encoding": (always(local_jpl.wrong_encoding), 3, "not compressed in the way"),
    "unsaid content encoding": (always(local_jpl.unsaid_encoding), 3, "cut off or damaged"),
    "connection reset": (always(local_jpl.reset), 3, "broke off"),
    "reset once": (once(local_jpl.reset), 0, "unchanged"),
    "redirect in circles": (always(local_jpl.circles), 3, "round in circles"),
    "empty answer": (always(says(b"")), 3, "an empty answer"),
    "invalid JSON": (always(says(b'{"signature": {"version": 1.0,}')), 3, "cut off or damaged"),
    "NaN": (always(says(b'{"count": NaN}')), 3, "cut off or damaged"),
    "deep JSON": (always(says(b"[" * 100_000)), 3, "cut off or damaged"),
    "not UTF-8": (always(says(b'{"count": "\xff"}')), 3, "cut off or damaged"),
    "HTML error page": (always(says(b"<html><body>Service</body></html>")), 3, "a web page"),
    "JSON of another kind": (always(says([1, 2, 3])), 4, "no object"),
    "HTTP 200 with an error body": (always(says(ERROR)), 4, "parameter was invalid"),
    "HTTP 200, not found": (always(says({"message": "not found"})), 4, "not found"),
    "HTTP 200, code 503": (
        always(says({"message": "database is down", "code": 503})), 3, "database is down"
    ),
    "HTTP 300": (always(says({"list": [], "code": "300", "message": "many"}, 300)), 4, "many"),
    "HTTP 400": (always(says(ERROR, 400)), 4, "parameter was invalid"),
    "HTTP 404": (always(status(404)), 3, "no such service at"),
    "HTTP 403": (always(status(403)), 3, "HTTP 403"),
    "proxy wants a password": (always(status(407)), 3, "user name and password"),
    "older version": (edited(version("0.9")), 0, "older than the 1.0"),
    "newer version": (edited(version("1.7")), 0, "newer than the 1.0"),
    "much newer version": (edited(version("2.0")), 0, "newer than the 1.0"),
    "no version": (edited(version(None)), 4, "without its signature"),
    "no signature": (edited(without("signature")), 4, "without its signature"),
    "no fields": (edited(without("fields")), 4, "without 'fields'"),
    "no count": (edited(without("count")), 4, "without 'count'"),
    "count in words": (edited(lambda c: c.update(count="many")), 4, "not a number"),
    "a count only": (edited(lambda c: c.pop("fields") and c.pop("data") and None), 4, "'fields'"),
    "fewer rows than count": (edited(lambda c: c["data"].pop() and None), 4, "incomplete"),
    "renamed field": (edited(lambda c: rename(c, "ma")), 4, "without 'ma'"),
    "H is gone": (edited(lambda c: drop(c, "H")), 4, "without 'H'"),
    "a field twice": (edited(lambda c: rename(c, "q") or c["fields"].__setitem__(
        c["fields"].index("q_new"), "e")), 4, "two columns 'e'"),
    "spectral types are gone": (edited(lambda c: drop(c, "spec_B")), 0, "no longer sends spec_B"),
    "an unknown field": (edited(add_field), 0, "colour, which was not asked for"),
    "objects are lost": (edited(lambda c: shorten(c, 7)), 4, "lacks 7 of the 300"),
    "few objects are lost": (edited(lambda c: shorten(c, 6)), 0, "6  lost"),
    "duplicated page": (edited(double), 4, "lacks 150 of the 300"),
    "no rows": (edited(lambda c: shorten(c, 300)), 4, "no near-Earth asteroid"),
    "elements in words": (edited(lambda c: spoil(c, "e", "round", 20)), 4, "lacks 20 of the 300"),
    "null elements": (edited(lambda c: spoil(c, "a", None, 3)), 0, "3  missing element"),
    "epochs as dates": (edited(lambda c: spoil(c, "epoch", "20260101", 300)), 4, "not a Julian"),
    "contradicting axis": (edited(lambda c: spoil(c, "a", "1.5", 9)), 4, "lacks 9 of the 300"),
    "rows of another length": (
        edited(lambda c: [row.pop() for row in c["data"][:20]] and None), 4, "lacks 20 of the 300"
    ),
    "rows that are none": (
        edited(lambda c: c["data"].__setitem__(slice(0, 9), [7] * 9)), 4, "lacks 9 of the 300"
    ),
    "comets among them": (edited(add_comets), 0, "unchanged"),
    "odd physical values": (edited(odd_values), 0, "value left out"),
}  # fmt: skip


RECOVERS = (
    "503 for good",
    "cut in mid-body",
    "renamed field",
    "objects are lost",
    "odd physical values",
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the snapshot of a refresh that went well."""
    folder = tmp_path_factory.mktemp("good") / "catalogs"
    with LocalJPL() as server:
        door = open_door(server.url, limits=FAST, folder=folder.parent)
        refresh(destination=folder, date="2026-11-15", door=door)
    return folder


def good_state(good: Path, folder: Path) -> dict[str, bytes]:
    """Put that snapshot into the folder of this test; return what lies there but the status."""
    shutil.copytree(good, folder)
    return listing(folder)


def listing(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name.startswith("neo-")}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_service(
    name: str, jpl: LocalJPL, command: Command, folder: Path, good: Path, tmp_path: Path
) -> None:
    install, expected, words = FAULTS[name]
    before = good_state(good, folder)
    install(jpl)
    outcome = command("refresh", "--output", folder, "--url", jpl.url, "--date", "2026-11-22")
    assert (outcome.status, words in outcome.out + outcome.err) == (expected, True), outcome
    after = listing(folder)
    assert {name: after[name] for name in before} == before
    told = json.loads((folder / "refresh-status.json").read_text())
    assert told["exit_status"] == expected
    latest = resolve_snapshot(folders=[folder])
    frame = read_snapshot(latest)
    assert len(frame) >= 294
    if expected:
        assert outcome.out == ""
        assert outcome.last.startswith("survey: ")
        assert told["message"] in outcome.last
        assert after == before
        assert told["last_success"] is not None
        assert [p for p in folder.iterdir() if "partial" in p.name] == []
    beside = {path.name for path in (tmp_path / "cache" / "survey").iterdir()}
    assert beside <= {"services.lock", "services.json"}
    if name in RECOVERS:  # a service that is well again is refreshed from again
        jpl.orders.clear()
        jpl.edits.clear()
        jpl.changed()
        again = command("refresh", "--output", folder, "--url", jpl.url, "--date", "2026-11-23")
        assert again.status == 0, again.err


@pytest.mark.parametrize("service", ["nhats", "cad"])
@pytest.mark.parametrize("fault", ["503", "page", "format", "count"])
def test_a_companion_that_is_down_does_not_stop_a_refresh(
    service: str, fault: str, jpl: LocalJPL, command: Command, folder: Path, good: Path
) -> None:
    good_state(good, folder)
    before = read_snapshot(folders=[folder])
    columns = ["nhats_dv_km_s", "nhats_duration_d", "approaches", "approach_jd_tdb", "approach_au"]
    assert before[columns].notna().any().all()
    faults = {
        "503": status(503), "page": says(b"<html></html>"),
        "format": says({"signature": {"version": "1.3"}, "count": 1, "data": [["x"]]}),
        "count": says({"signature": {"version": "1.3"}, "count": 5, "data": []}),
    }  # fmt: skip
    jpl.order(service, faults[fault])
    jpl.rows[0]["H"] = "17.77"
    jpl.changed()
    outcome = command("refresh", "--output", folder, "--url", jpl.url, "--date", "2026-11-22")
    assert outcome.status == 0
    assert f"warning: {service} is carried over from the last snapshot" in outcome.err
    after = read_snapshot(folders=[folder])
    assert after.attrs["path"].name == "neo-2026-11-22.ecsv.gz"
    assert after[columns].equals(before[columns])
    told = after.attrs["provenance"][service]
    assert told == {"carried_over_from": "neo-2026-11-15.ecsv.gz"}
    status_file = json.loads((folder / "refresh-status.json").read_text())
    assert len(status_file["warnings"]) == 1


def test_a_companion_that_is_down_at_the_first_refresh(
    jpl: LocalJPL, command: Command, folder: Path
) -> None:
    jpl.order("nhats", status(503))
    outcome = command("refresh", "--output", folder, "--url", jpl.url)
    assert outcome.status == 0
    assert "nhats is left empty" in outcome.err
    frame = read_snapshot(folders=[folder])
    assert frame["nhats_dv_km_s"].isna().all()
    assert frame["approach_au"].notna().any()


def test_a_damaged_last_snapshot_does_not_stop_a_refresh(
    jpl: LocalJPL, command: Command, folder: Path, good: Path
) -> None:
    good_state(good, folder)
    (folder / "neo-2026-11-18.ecsv.gz").write_bytes(b"\x1f\x8bcut")
    jpl.rows.pop()
    jpl.changed()
    outcome = command("refresh", "--output", folder, "--url", jpl.url, "--date", "2026-11-22")
    assert outcome.status == 0
    assert "neo-2026-11-18.ecsv.gz cannot be read and is passed over" in outcome.err
    assert "changes since neo-2026-11-15.ecsv.gz" in outcome.out


def test_a_loss_can_be_accepted(jpl: LocalJPL, command: Command, folder: Path, good: Path) -> None:
    good_state(good, folder)
    jpl.edit(BULK, lambda content: shorten(content, 100))
    words = ("refresh", "--output", folder, "--url", jpl.url, "--date", "2026-11-22")
    refused = command(*words)
    assert refused.status == 4
    assert "--accept-loss" in refused.last
    outcome = command(*words, "--accept-loss")
    assert outcome.status == 0
    assert "100  lost" in outcome.out
    assert len(read_snapshot(folders=[folder])) == 200
