"""The one door to the network: polite, named, limited; and every trouble is called by its name."""

from __future__ import annotations

import http.server
import json
import shutil
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import local_jpl
import pytest
from fault_tools import FAST, Command
from local_jpl import LocalJPL, says, status

from survey.catalog import Limits, ServiceDownError, open_door
from survey.catalog.answers import read_json
from survey.catalog.turns import Clock
from survey.catalog.web import SERVICES, ask

POLITE = Limits(jitter_s=0.0, connect_s=2.0, read_s=2.0)


class FakeTime:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 6))
        self.now += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.now, lambda: self.now, self.sleep, lambda: 0.5)


def question(jpl: LocalJPL, folder: Path, **details: Any) -> Callable[[], Any]:
    door = open_door(jpl.url, folder=folder, **details)
    return lambda: ask(door, "nhats", {"dv": "12"}, lambda reply: read_json(reply, "NHATS"))


def test_a_request_says_who_asks(jpl: LocalJPL, tmp_path: Path) -> None:
    question(jpl, tmp_path, contact="https://example.org/survey")()
    question(jpl, tmp_path)()
    (_, params, headers, _), (_, _, plain, _) = jpl.asked
    assert headers["User-Agent"].startswith("survey/")
    assert headers["User-Agent"].endswith("; +https://example.org/survey)")
    assert "python-requests" not in plain["User-Agent"]
    assert "+" not in plain["User-Agent"]
    assert headers["Accept-Encoding"] == "gzip"
    assert "Authorization" not in headers
    assert params == {"dv": "12"}


def test_no_password_is_taken_from_netrc(
    jpl: LocalJPL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    question(jpl, tmp_path)()
    assert "Authorization" not in jpl.asked[0][2]


def test_a_second_lies_between_two_requests(jpl: LocalJPL, tmp_path: Path) -> None:
    fake = FakeTime()
    asking = question(jpl, tmp_path, limits=POLITE, clock=fake.clock())
    asking()
    asking()
    assert fake.slept == [1.0]
    fake.now += 0.25
    asking()
    assert fake.slept == [1.0, 0.75]
    fake.now += 5
    asking()
    assert fake.slept == [1.0, 0.75]
    fake.now -= 5000  # the clock is set back: the wait stays what it was meant to be
    asking()
    assert fake.slept[2:] == [1.0]


def test_the_rest_is_remembered_by_the_next_process(jpl: LocalJPL, tmp_path: Path) -> None:
    fake = FakeTime()
    question(jpl, tmp_path, limits=POLITE, clock=fake.clock())()
    question(jpl, tmp_path, limits=POLITE, clock=fake.clock())()
    assert fake.slept == [1.0]
    for damaged in ("", "[]", '{"127.0.0.1:1": 7}', "\x00", "[" * 9999):
        (tmp_path / "services.json").write_text(damaged)
        question(jpl, tmp_path, limits=POLITE, clock=fake.clock())()
    assert fake.slept == [1.0]


def test_retry_after_is_honoured(jpl: LocalJPL, tmp_path: Path) -> None:
    fake = FakeTime()
    jpl.order("nhats", status(429, Retry_After="17"), 1)
    question(jpl, tmp_path, limits=POLITE, clock=fake.clock())()
    assert fake.slept == [17.0]
    assert jpl.asked_for("nhats") == 2


def test_rests_grow_and_three_failures_bring_a_cool_down(jpl: LocalJPL, tmp_path: Path) -> None:
    fake = FakeTime()
    jpl.order("nhats", status(503), 4)
    asking = question(jpl, tmp_path, limits=POLITE, clock=fake.clock())
    with pytest.raises(ServiceDownError, match=r"HTTP 503.*\(4 attempts\)"):
        asking()
    # The pause after the first failure is the ordinary second, then 2 s doubled, then the rest.
    assert fake.slept == [1.0, 4.0, 60.0]
    asking()  # a later command finds the service still resting
    assert fake.slept == [1.0, 4.0, 60.0, 60.0]
    asking()
    assert fake.slept[4:] == [1.0]


def test_jitter_is_added(jpl: LocalJPL, tmp_path: Path) -> None:
    fake = FakeTime()
    jpl.order("nhats", status(503), 1)
    limits = Limits(jitter_s=7.0, connect_s=2.0, read_s=2.0)
    question(jpl, tmp_path, limits=limits, clock=fake.clock())()
    assert fake.slept == [3.5]


def test_the_deadline_counts_rests_too(jpl: LocalJPL, tmp_path: Path) -> None:
    fake = FakeTime()
    jpl.order("nhats", status(503))
    limits = Limits(jitter_s=0.0, total_s=30.0, connect_s=2.0, read_s=2.0)
    with pytest.raises(ServiceDownError, match="alone for another 60 s"):
        question(jpl, tmp_path, limits=limits, clock=fake.clock())()
    assert fake.slept == [1.0, 4.0]


def test_an_answer_that_is_too_large(jpl: LocalJPL, tmp_path: Path) -> None:
    limits = Limits(interval_s=0.0, most_bytes=1000)
    with pytest.raises(ServiceDownError, match="larger than 0 MB"):
        question(jpl, tmp_path, limits=limits)()
    assert jpl.asked_for("nhats") == 1


def test_a_packed_answer_is_limited_unpacked(jpl: LocalJPL, tmp_path: Path) -> None:
    bomb = local_jpl._packed(b" " * 30_000_000)
    assert len(bomb) < 200_000

    def explode(handler: local_jpl.Handler, _: bytes) -> None:
        local_jpl.send(handler, bomb, headers={"Content-Encoding": "gzip"})

    jpl.order("nhats", explode)
    limits = Limits(interval_s=0.0, most_bytes=1_000_000)
    with pytest.raises(ServiceDownError, match="larger than 1 MB"):
        question(jpl, tmp_path, limits=limits)()


def test_one_request_at_a_time_between_threads(jpl: LocalJPL, tmp_path: Path) -> None:
    under_way, most = [0], [0]
    guard = threading.Lock()

    def slow(handler: local_jpl.Handler, body: bytes) -> None:
        with guard:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.02)
        with guard:
            under_way[0] -= 1
        local_jpl.good(handler, body)

    jpl.order("nhats", slow)
    limits = Limits(interval_s=0.0)
    threads = [threading.Thread(target=question(jpl, tmp_path, limits=limits)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert jpl.asked_for("nhats") == 6
    assert most == [1]


def test_one_request_at_a_time_between_processes(jpl: LocalJPL, tmp_path: Path) -> None:
    from filelock import FileLock

    script = (
        "import sys; from pathlib import Path; from survey.catalog import open_door, Limits\n"
        "from survey.catalog.web import ask\n"
        "door = open_door(sys.argv[1], folder=Path(sys.argv[2]), limits=Limits(interval_s=0.0))\n"
        "ask(door, 'nhats', {}, lambda reply: reply.size)\n"
    )
    with FileLock(tmp_path / "services.lock"):
        other = subprocess.Popen([sys.executable, "-c", script, jpl.url, str(tmp_path)])
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(1.5)
        assert jpl.asked == []
    assert other.wait(20.0) == 0
    assert jpl.asked_for("nhats") == 1


def test_who_waits_too_long_for_the_lock_leaves(jpl: LocalJPL, tmp_path: Path) -> None:
    from filelock import FileLock

    asking = question(jpl, tmp_path, limits=Limits(total_s=0.1))
    words = "another survey has been asking JPL"
    with FileLock(tmp_path / "services.lock"), pytest.raises(ServiceDownError, match=words):
        asking()


@pytest.mark.parametrize(
    "url",
    ["ftp://jpl.nasa.gov", "ssd-api.jpl.nasa.gov", "https://", "http://a b", "https://x:99999",
     "https://[::1", "https://x?y=1", "http://x:0", "https://\x07"],
)  # fmt: skip
def test_a_base_url_that_is_none(url: str, command: Command, folder: Path) -> None:
    outcome = command("refresh", "--output", folder, "--url", url)
    assert outcome.status == 2
    assert "the base URL was given as" in outcome.last
    assert not folder.exists()


def test_a_contact_that_is_none(command: Command, folder: Path) -> None:
    outcome = command("refresh", "--output", folder, "--contact", "a\r\nX-Header: 1")
    assert (outcome.status, "the contact was given" in outcome.last) == (2, True)


def test_the_addresses_are_jpls() -> None:
    assert {address.split("/")[2] for address in SERVICES.values()} == {
        "ssd-api.jpl.nasa.gov", "ssd.jpl.nasa.gov",
    }  # fmt: skip
    assert all(address.startswith("https://") for address in SERVICES.values())
    door = open_door("http://mirror.example/jpl/")
    assert door.urls["horizons"] == "http://mirror.example/jpl/horizons.api"


def test_an_offline_machine_is_told_so(jpl: LocalJPL, command: Command, folder: Path) -> None:
    # .invalid is reserved: no name service knows it [RFC 6761].
    outcome = command("refresh", "--output", folder, "--url", "https://jpl.invalid")
    assert outcome.status == 3
    assert outcome.last == (
        "survey: jpl.invalid cannot be found: this machine is offline, or the base URL is wrong; "
        "the last snapshot stays in use"
    )
    told = json.loads((folder / "refresh-status.json").read_text())
    assert (told["outcome"], told["last_success"]) == ("service down", None)


def test_nobody_listens(jpl: LocalJPL, command: Command, folder: Path) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://me:secret@127.0.0.1:{free.getsockname()[1]}"
    outcome = command("refresh", "--output", folder, "--url", url)
    assert outcome.status == 3
    assert "nothing answers at 127.0.0.1" in outcome.last
    assert "secret" not in outcome.err
    assert "secret" not in (folder / "refresh-status.json").read_text()


def test_plain_http_where_tls_was_expected(jpl: LocalJPL, command: Command, folder: Path) -> None:
    url = jpl.url.replace("http://", "https://")
    outcome = command("refresh", "--output", folder, "--url", url)
    assert (outcome.status, "secure connection (TLS)" in outcome.last) == (3, True)


def test_a_proxy_that_wants_a_password(
    jpl: LocalJPL, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_CONNECT(self) -> None:
            self.send_response(407, "Proxy Authentication Required")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with serving(Proxy) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret@127.0.0.1:{port}")
        outcome = command("refresh", "--output", folder, "--url", "https://jpl.invalid")
    assert outcome.status == 3
    assert "the proxy on the way wants a user name and password" in outcome.last
    assert "secret" not in outcome.err


def test_a_proxy_that_is_not_there(
    jpl: LocalJPL, command: Command, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    outcome = command("refresh", "--output", folder, "--url", "https://jpl.invalid")
    assert (outcome.status, "the proxy on the way to" in outcome.last) == (3, True)


def test_a_certificate_that_is_not_trusted(
    jpl: LocalJPL, command: Command, folder: Path, tmp_path: Path
) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl to make a certificate with")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
         "/CN=127.0.0.1", "-keyout", str(tmp_path / "key.pem"), "-out", str(tmp_path / "cert.pem")],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with serving(http.server.BaseHTTPRequestHandler, context) as port:
        outcome = command("refresh", "--output", folder, "--url", f"https://127.0.0.1:{port}")
    assert outcome.status == 3
    assert "is not trusted (self-signed certificate)" in outcome.last
    assert "REQUESTS_CA_BUNDLE" in outcome.last


def test_a_folder_that_cannot_be_written(jpl: LocalJPL, command: Command, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = command("refresh", "--output", tmp_path / "file" / "x", "--url", jpl.url)
    assert (outcome.status, "cannot be written to" in outcome.last) == (2, True)
    assert jpl.asked == []


def test_a_wrong_base_url(jpl: LocalJPL, command: Command, folder: Path) -> None:
    jpl.order("sbdb_query", status(404))
    outcome = command("refresh", "--output", folder, "--url", jpl.url + "/elsewhere")
    assert outcome.status == 3
    assert f"no such service at {jpl.url}/elsewhere/sbdb_query.api" in outcome.last


def test_an_answer_below_400_that_is_no_json(jpl: LocalJPL, command: Command, folder: Path) -> None:
    jpl.order("sbdb_query", says(b"", 204))
    outcome = command("refresh", "--output", folder, "--url", jpl.url)
    assert (outcome.status, "HTTP 204" in outcome.last) == (3, True)


def test_a_failure_that_never_reached_the_service_costs_no_rest(tmp_path: Path) -> None:
    fake = FakeTime()
    door = open_door("http://jpl.invalid", folder=tmp_path, limits=FAST, clock=fake.clock())
    for _ in range(5):
        with pytest.raises(ServiceDownError, match="cannot be found"):
            ask(door, "cad", {}, lambda reply: reply.size)
    assert fake.slept == []


@contextmanager
def serving(
    handler: type[http.server.BaseHTTPRequestHandler], context: ssl.SSLContext | None = None
) -> Iterator[int]:
    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            return  # a client that turns away is what the test is about

    server = Quiet(("127.0.0.1", 0), handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
