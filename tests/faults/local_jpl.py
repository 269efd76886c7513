"""A JPL on loopback: true wire shapes for generated objects, and any misbehaviour on order."""

from __future__ import annotations

import contextlib
import copy
import functools
import gzip
import json
import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

GAUSS_DEG = 0.985607668601425  # mean motion at 1 au, deg/d, from the Gaussian constant
EPOCH = "2461000.5"

Content = dict[str, Any]
Fault = Callable[["Handler", bytes], None]


def wire(value: float) -> str:
    """A number as JPL prints it: no zero before the point."""
    return repr(value).replace("0.", ".", 1) if 0 < abs(value) < 1 else repr(value)


def _designation(k: int) -> str:
    letters = "ABCDEFGHJKLMNOPQRSTUVWXYZ"
    year, rest = divmod(k, 24 * 25 * 4)
    half, rest = divmod(rest, 25 * 4)
    second, cycle = divmod(rest, 4)
    return f"{2000 + year} {letters[:24][half]}{letters[second]}{cycle or ''}"


def neo(k: int, chance: random.Random) -> Content:
    """One object: every tenth is numbered, the rest have provisional designations."""
    q, e = chance.uniform(0.3, 1.29), chance.uniform(0.02, 0.8)
    a = q / (1 - e)
    numbered = k % 10 == 0
    provisional = _designation(k)
    number = str(100_000 + k)
    measured = k % 7 == 0
    return {
        "full_name": f"{number:>6} ({provisional})" if numbered else f"       ({provisional})",
        "pdes": number if numbered else provisional,
        "name": None,
        "spkid": str(20_000_000 + 100_000 + k if numbered else 54_000_000 + k),
        "class": "APO" if q < 1.017 and a > 1 else "AMO",
        "epoch": EPOCH if k % 50 else "2458666.5",
        "e": wire(e), "a": wire(a), "q": wire(a * (1 - e)), "n": wire(GAUSS_DEG * a**-1.5),
        "i": wire(chance.uniform(0.1, 40)), "om": wire(chance.uniform(0, 360)),
        "w": wire(chance.uniform(0, 360)), "ma": wire(chance.uniform(0, 360)),
        "H": None if k % 170 == 3 else f"{chance.uniform(15, 30):.2f}",
        "G": "0.15" if measured else None,
        "condition_code": str(k % 10), "data_arc": str(chance.randrange(1, 9000)),
        "orbit_id": str(chance.randrange(1, 200)), "n_obs_used": chance.randrange(5, 900),
        "moid": wire(round(chance.uniform(0.001, 0.3), 6)),
        **{
            f"sigma_{name}": f"{chance.uniform(1, 9):.4f}E-{chance.randrange(5, 9)}"
            for name in ("a", "e", "i", "om", "w", "ma")
        },
        "A1": None, "A2": "-2.9E-14" if k % 400 == 0 else None, "A3": None,
        "diameter": "0.34" if measured else None, "diameter_sigma": "0.04" if measured else None,
        "albedo": ".35" if measured else None, "rot_per": "30.56" if measured else None,
        "spec_B": "Sq" if measured else None, "spec_T": None,
    }  # fmt: skip


@functools.lru_cache(maxsize=8)
def objects(count: int, seed: int) -> tuple[Content, ...]:
    """The generated sky."""
    chance = random.Random(seed)
    return tuple(neo(k, chance) for k in range(count))


class LocalJPL:
    """A server on 127.0.0.1; use it in a ``with`` statement.

    ``rows`` is its sky and may be changed. ``order(service, fault, times)`` makes the next
    answers of a service misbehave; ``edit(service, change)`` changes the content of all.
    """

    def __init__(self, count: int = 300, seed: int = 1) -> None:
        self.rows: list[Content] = copy.deepcopy(list(objects(count, seed)))
        self.asked: list[tuple[str, dict[str, str], dict[str, str], float]] = []
        self.versions = {"sbdb_query": "1.0", "nhats": "1.3", "cad": "1.5"}
        self.orders: dict[str, list[tuple[Fault, int]]] = {}
        self.edits: dict[str, Callable[[Content], Any]] = {}
        self._cache: dict[tuple[str, str], bytes] = {}

    def __enter__(self) -> LocalJPL:
        owner = self

        class Bound(Handler):
            jpl = owner

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Bound)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def order(self, service: str, fault: Fault, times: int = 10**6) -> None:
        self.orders.setdefault(service, []).append((fault, times))

    def edit(self, service: str, change: Callable[[Content], Any]) -> None:
        self.edits[service] = change
        self._cache.clear()

    def changed(self) -> None:
        """Say that ``rows`` has been changed."""
        self._cache.clear()

    def asked_for(self, service: str) -> int:
        return sum(name == service for name, *_ in self.asked)

    def take_order(self, service: str) -> Fault | None:
        waiting = self.orders.get(service, [])
        if not waiting:
            return None
        fault, times = waiting[0]
        waiting[:1] = [(fault, times - 1)] if times > 1 else []
        return fault

    def answer(self, service: str, params: dict[str, str]) -> bytes:
        key = service, json.dumps(params, sort_keys=True)
        if key not in self._cache:
            content = getattr(self, f"_{service}")(params)
            if service in self.edits:
                content = copy.deepcopy(content)
                replaced = self.edits[service](content)
                content = content if replaced is None else replaced
            self._cache[key] = json.dumps(content).encode()
        return self._cache[key]

    def _signature(self, service: str) -> Content:
        return {"source": "NASA/JPL, a stand-in", "version": self.versions[service]}

    def _sbdb_query(self, params: dict[str, str]) -> Content:
        fields = params["fields"].split(",")
        data = [[row[field] for field in fields] for row in self.rows]
        return {
            "signature": self._signature("sbdb_query"), "fields": fields, "data": data,
            "count": str(len(data)),
        }  # fmt: skip

    def _nhats(self, _: dict[str, str]) -> Content:
        data = [
            {"des": row["pdes"], "min_dv": {"dv": "6.049", "dur": 354}, "h": row["H"]}
            for row in self.rows[::9]
        ]
        return {"signature": self._signature("nhats"), "count": len(data), "data": data}

    def _cad(self, _: dict[str, str]) -> Content:
        fields = ["des", "orbit_id", "jd", "cd", "dist", "v_rel", "v_inf", "h"]
        data = [
            [row["pdes"], "2", f"{2461400.25 + k}", "2027-Jan-01", ".03125", "12.5", "12.4", "22"]
            for k, row in enumerate(self.rows[::5])
        ]
        return {
            "signature": self._signature("cad"), "count": len(data), "fields": fields,
            "data": data,
        }  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    jpl: LocalJPL
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        service = parts.path.rsplit("/", 1)[-1].removesuffix(".api")
        params = {key: values[0] for key, values in parse_qs(parts.query).items()}
        self.jpl.asked.append((service, params, dict(self.headers), time.monotonic()))
        fault = self.jpl.take_order(service)
        if not hasattr(self.jpl, f"_{service}"):
            send(self, b"<html>404 Not Found</html>", status=404, kind="text/html")
            return
        body = self.jpl.answer(service, params)
        (fault or good)(self, body)

    def log_message(self, *_: Any) -> None:
        return


def send(
    handler: Handler,
    body: bytes,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
    kind: str = "application/json",
    length: int | None = None,
) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(body) if length is None else length))
    handler.send_header("Connection", "close")
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    handler.end_headers()
    with contextlib.suppress(ConnectionError):  # a client that was killed, or has heard enough
        handler.wfile.write(body)
    handler.close_connection = True


@functools.lru_cache(maxsize=4)
def _packed(body: bytes) -> bytes:
    return gzip.compress(body, compresslevel=1, mtime=0)


def good(handler: Handler, body: bytes) -> None:
    if "gzip" in handler.headers.get("Accept-Encoding", ""):
        send(handler, _packed(body), headers={"Content-Encoding": "gzip"})
    else:
        send(handler, body)


def status(number: int, **headers: str) -> Fault:
    """Any HTTP status with a web page; ``Retry_After="1"`` becomes a header."""
    named = {key.replace("_", "-"): value for key, value in headers.items()}

    def fault(handler: Handler, _: bytes) -> None:
        page = f"<html><body>{number}</body></html>".encode()
        send(handler, page, status=number, headers=named, kind="text/html")

    return fault


def says(content: Any, number: int = 200) -> Fault:
    """Another answer altogether: JSON, or bytes as they are."""
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    def fault(handler: Handler, _: bytes) -> None:
        send(handler, body, status=number)

    return fault


def drip(handler: Handler, body: bytes) -> None:
    """A few bytes at a time, for ever."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    for k in range(0, len(body), 7):
        try:
            handler.wfile.write(body[k : k + 7])
            handler.wfile.flush()
        except OSError:
            break
        time.sleep(0.02)
    handler.close_connection = True


def drip_headers(handler: Handler, _: bytes) -> None:
    """A header that never ends."""
    with contextlib.suppress(OSError):
        handler.connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
        for _ in range(150):
            handler.connection.sendall(b"a")
            time.sleep(0.02)
    handler.close_connection = True


def silent(handler: Handler, _: bytes) -> None:
    """Never answers."""
    time.sleep(1.0)
    handler.close_connection = True


def cut(handler: Handler, body: bytes) -> None:
    """Half of what was announced."""
    send(handler, body[: len(body) // 2], length=len(body))


def cut_packed(handler: Handler, body: bytes) -> None:
    """Half of the compressed answer, the length of that half announced."""
    packed = _packed(body)
    send(handler, packed[: len(packed) // 2], headers={"Content-Encoding": "gzip"})


def cut_chunks(handler: Handler, body: bytes) -> None:
    """Chunked, and the last chunk never comes."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    half = body[: len(body) // 2]
    handler.wfile.write(f"{len(half):x}\r\n".encode() + half + b"\r\n")
    handler.close_connection = True


def chunks(handler: Handler, body: bytes) -> None:
    """Chunked and whole: nothing wrong with that."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    for k in range(0, len(body), 5000):
        piece = body[k : k + 5000]
        handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    handler.wfile.write(b"0\r\n\r\n")


def short_length(handler: Handler, body: bytes) -> None:
    """More than was announced."""
    send(handler, body, length=len(body) - 100)


def wrong_encoding(handler: Handler, body: bytes) -> None:
    """Plain text said to be gzip."""
    send(handler, body, headers={"Content-Encoding": "gzip"})


def unsaid_encoding(handler: Handler, body: bytes) -> None:
    """gzip said to be plain."""
    send(handler, _packed(body))


def reset(handler: Handler, body: bytes) -> None:
    """A connection reset in the middle of the body."""
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body[:2000])
    handler.wfile.flush()
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def circles(handler: Handler, _: bytes) -> None:
    """A redirect to itself."""
    send(handler, b"", status=302, headers={"Location": handler.path})
