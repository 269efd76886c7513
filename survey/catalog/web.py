"""The one door to the network: every request of this program goes through `ask`.

One request at a time, named, compressed, limited in time and size, tried again when that may
help, and never believed before somebody has understood the answer.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, Queue
from typing import IO, TYPE_CHECKING, Final, TypeVar
from urllib.parse import urlsplit

import survey
from survey.catalog.trouble import (
    RefusedError,
    ServiceDownError,
    Setback,
    explain,
    malformed,
    proxy_password,
    where,
)
from survey.catalog.turns import Clock, Limits, take_turn

if TYPE_CHECKING:
    from requests import Response, Session
    from urllib3 import Retry

Result = TypeVar("Result")

SERVICES: Final = {
    **{
        name: f"https://ssd-api.jpl.nasa.gov/{name}.api"
        for name in ("sbdb_query", "sbdb", "nhats", "cad", "mdesign", "periodic_orbits")
    },
    "horizons": "https://ssd.jpl.nasa.gov/api/horizons.api",
}
LIMITS = Limits()
_PIECE: Final = 1 << 16
_IN_MEMORY: Final = 1 << 20
_AGAIN: Final = (408, 425, 429, 500, 502, 503, 504)


@dataclass(frozen=True)
class Door:
    """How the services are reached.

    Parameters
    ----------
    urls : mapping of str to str
        Address of each service.
    folder : Path
        Where the machine-wide lock lies and large answers are kept while they arrive.
    agent : str
        The User-Agent.
    limits : Limits
        Times and sizes.
    clock : Clock
        The time.
    note : callable
        Takes one line about what is going on.
    warn : callable
        Takes one line about an answer that is not quite as expected.
    """

    urls: Mapping[str, str]
    folder: Path
    agent: str
    limits: Limits
    clock: Clock
    note: Callable[[str], None]
    warn: Callable[[str], None]


@dataclass(frozen=True)
class Reply:
    """An answer as it came, unpacked; `body` stands at its beginning."""

    status: int
    url: str
    body: IO[bytes]
    size: int
    sha256: str


def open_door(
    base_url: str | None = None,
    *,
    contact: str | None = None,
    folder: Path | None = None,
    limits: Limits | None = None,
    clock: Clock | None = None,
    note: Callable[[str], None] | None = None,
    warn: Callable[[str], None] | None = None,
) -> Door:
    """Return the door to JPL, or to what stands in for it.

    Parameters
    ----------
    base_url : str, optional
        A mirror, proxy or test server that offers ``sbdb_query.api``, ``sbdb.api``, ``nhats.api``,
        ``cad.api``, ``horizons.api`` and so on below this address; $SURVEY_JPL_URL if not given,
        and JPL itself if that is not set either.
    contact : str, optional
        A mail or web address for the User-Agent; $SURVEY_CONTACT if not given.
    folder, limits, clock, note, warn
        As in `Door`.

    Raises
    ------
    ValueError
        The base URL or the contact cannot be used: one sentence.
    """
    from platformdirs import user_cache_path

    base = base_url or os.environ.get("SURVEY_JPL_URL") or ""
    about = contact or os.environ.get("SURVEY_CONTACT") or ""
    if not re.fullmatch(r"[!-~]{0,100}", about):
        raise ValueError(
            f"the contact was given as {about!r}: write a mail or web address in plain letters"
        )
    return Door(
        urls=_addresses(base) if base else SERVICES,
        folder=folder or user_cache_path("survey", appauthor=False),
        agent=f"survey/{survey.__version__} (near-Earth asteroid survey{about and '; +' + about})",
        limits=limits or LIMITS,
        clock=clock or Clock(),
        note=note or _silent,
        warn=warn or note or _silent,
    )


def ask(
    door: Door, service: str, params: Mapping[str, str], understand: Callable[[Reply], Result]
) -> Result:
    """Ask a service until its answer is understood, within the limits.

    Parameters
    ----------
    door : Door
        How it is reached.
    service : str
        A key of ``door.urls``.
    params : mapping of str to str
        The query.
    understand : callable
        Makes the result of a `Reply` whose HTTP status is 200, or any below 500 that carries JSON.
        If it raises `ServiceDownError`, the attempt counts as failed; other errors go through.

    Returns
    -------
    object
        What `understand` returned.

    Raises
    ------
    ServiceDownError
        No attempt succeeded: one sentence.
    """
    from urllib3 import Retry
    from urllib3.exceptions import MaxRetryError, ProtocolError

    url, limits, clock = door.urls[service], door.limits, door.clock
    deadline = clock.monotonic() + limits.total_s
    retry = Retry(total=limits.attempts - 1, backoff_factor=limits.backoff_s)
    with _session(door) as session:
        while True:
            with take_turn(
                where(url),
                folder=door.folder,
                limits=limits,
                clock=clock,
                deadline=deadline,
                note=door.note,
            ) as turn:
                try:
                    with _exchange(session, door, url, params, deadline) as reply:
                        return understand(reply)
                except (Setback, ServiceDownError) as error:
                    setback = _setback(error)
                    turn.fail(0.0, reached=setback.reached)
                    if not setback.again:
                        raise ServiceDownError(str(setback)) from error
                    try:
                        retry = retry.increment("GET", url, error=ProtocolError(str(setback)))
                    except MaxRetryError:
                        raise ServiceDownError(f"{setback} ({limits.attempts} attempts)") from error
                    turn.fail(_rest(retry, setback, door), reached=setback.reached)
                    what, failed = str(setback).partition(": ")[0], len(retry.history)
                    door.note(f"{what}; attempt {failed} of {limits.attempts} has failed")


def _silent(_line: str) -> None:
    return None


def _setback(error: Setback | ServiceDownError) -> Setback:
    if isinstance(error, Setback):
        return error
    return Setback(str(error), again=True, reached=True)


def _rest(retry: Retry, setback: Setback, door: Door) -> float:
    backoff = retry.get_backoff_time() + door.limits.jitter_s * door.clock.chance()
    return max(backoff, setback.wait_s or 0.0)


def _session(door: Door) -> Session:
    import requests

    session = requests.Session()
    session.headers.update(
        {"User-Agent": door.agent, "Accept-Encoding": "gzip", "Accept": "application/json, */*"}
    )
    session.max_redirects = 5
    # An authentication of our own keeps requests from sending a password out of ~/.netrc.
    session.auth = lambda request: request
    return session


@contextmanager
def _exchange(
    session: Session, door: Door, url: str, params: Mapping[str, str], deadline: float
) -> Iterator[Reply]:
    import requests
    from urllib3.exceptions import HTTPError

    door.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY, dir=str(door.folder)) as body:
        try:
            with _get(session, door, url, params, deadline) as response:
                _refuse_status(response, url)
                size, digest = _receive(response, body, door, url, deadline)
                status = response.status_code
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise malformed(url, error) from error
        except (requests.RequestException, HTTPError) as error:
            raise explain(error, url) from error
        body.seek(0)
        if status != 200 and not _is_json(body):
            raise Setback(
                f"{where(url)} answers with HTTP {status}: there is no such service at "
                f"{_plain(url)}, so check the base URL",
                again=False,
                reached=True,
            )
        yield Reply(status, url, body, size, digest)


def _get(
    session: Session, door: Door, url: str, params: Mapping[str, str], deadline: float
) -> Response:
    # A timeout of requests is one of silence: headers that trickle in would hold it off for ever.
    # So a thread asks and we wait; if the deadline comes first, the thread is left to itself.
    answer: Queue[Response | BaseException] = Queue(1)

    def work() -> None:
        times = door.limits.connect_s, door.limits.read_s
        try:
            answer.put(session.get(url, params=dict(params), timeout=times, stream=True))
        except BaseException as error:  # handed on to whoever waits
            answer.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        result = answer.get(timeout=max(deadline - door.clock.monotonic(), 0.0))
    except Empty:
        raise _too_slow(door, url) from None
    if isinstance(result, BaseException):
        raise result
    return result


def _too_slow(door: Door, url: str) -> Setback:
    return Setback(
        f"the answer of {where(url)} was not complete after {door.limits.total_s:.0f} s: try again "
        "later, or allow more time",
        again=False,
        reached=True,
    )


def _refuse_status(response: Response, url: str) -> None:
    status = response.status_code
    if status == 407:
        raise Setback(proxy_password(), again=False, reached=False)
    if status not in _AGAIN and status < 500:
        return
    wait = _retry_after(response)
    what = "asks us to slow down" if status == 429 else "is out of order at the moment"
    raise Setback(
        f"{where(url)} {what} (HTTP {status}): try again later",
        again=True,
        reached=True,
        wait_s=wait,
    )


def _retry_after(response: Response) -> float | None:
    from urllib3 import Retry
    from urllib3.exceptions import InvalidHeader

    given = response.headers.get("Retry-After")
    try:
        return float(Retry().parse_retry_after(given)) if given else None
    except (InvalidHeader, ValueError, OverflowError):
        return None


def _receive(
    response: Response, body: IO[bytes], door: Door, url: str, deadline: float
) -> tuple[int, str]:
    # read1 hands over what has come: a trickle can be cut off at the deadline.
    digest, size = hashlib.sha256(), 0
    while piece := response.raw.read1(_PIECE, decode_content=True):
        size += len(piece)
        if size > door.limits.most_bytes:
            raise Setback(
                f"the answer of {where(url)} is larger than {door.limits.most_bytes / 1e6:.0f} "
                "MB, which no catalogue is: check the base URL",
                again=False,
                reached=True,
            )
        if door.clock.monotonic() > deadline:
            raise _too_slow(door, url)
        digest.update(piece)
        body.write(piece)
    return size, digest.hexdigest()


def _is_json(body: IO[bytes]) -> bool:
    first = body.read(64).lstrip()[:1]
    body.seek(0)
    return first in (b"{", b"[")


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{where(url)}{parts.path}"


def _addresses(base: str) -> dict[str, str]:
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError as error:
        raise malformed(base, str(error)) from error
    if parts.scheme not in ("http", "https"):
        raise malformed(base, "it begins neither with https:// nor with http://")
    if not parts.hostname or port == 0 or not base.isprintable() or " " in base:
        raise malformed(base, "it names no host")
    if parts.query or parts.fragment:
        raise malformed(base, "it ends in a query")
    return {name: f"{base.rstrip('/')}/{name}.api" for name in SERVICES}


__all__ = [
    "LIMITS",
    "SERVICES",
    "Clock",
    "Door",
    "Limits",
    "RefusedError",
    "Reply",
    "ServiceDownError",
    "ask",
    "open_door",
]
