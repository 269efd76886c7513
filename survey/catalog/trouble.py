"""What can go wrong between us and a service, each in one sentence and of one of two kinds.

A scheduler acts on the kind: a service that is down is asked again later (exit status 3); an
answer that came whole and was refused wants a person to look at it (exit status 4).
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from requests import RequestException


class ServiceDownError(ValueError):
    """The service could not be reached, or what it sent is no answer: try again later."""


class RefusedError(ValueError):
    """The service answered, but its answer must not be used: look at it before going on."""


class Setback(Exception):  # noqa: N818  (not yet an error: the next attempt may succeed)
    """One attempt that failed.

    Parameters
    ----------
    message : str
        What happened and what to do, in one sentence.
    again : bool
        Whether another attempt may help.
    reached : bool
        Whether the service itself was reached, so that it deserves a rest.
    wait_s : float or None
        How long the service asked us to wait, if it did.
    """

    def __init__(
        self, message: str, *, again: bool, reached: bool, wait_s: float | None = None
    ) -> None:
        super().__init__(message)
        self.again = again
        self.reached = reached
        self.wait_s = wait_s


def where(url: str) -> str:
    """Return host and port of a URL, never the user name or password in it."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


def explain(error: Exception, url: str) -> Setback:
    """Say what an exception of requests or urllib3 means to the person at the terminal.

    Parameters
    ----------
    error : Exception
        As it was caught.
    url : str
        Where we wanted to go.

    Returns
    -------
    Setback
    """
    import requests
    from urllib3 import exceptions as low

    host = where(url)
    chain = list(_causes(error))
    words = " ".join(str(cause) for cause in chain)

    def among(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in chain)

    if "407" in words and among(low.ProxyError, requests.exceptions.ProxyError):
        return Setback(proxy_password(), again=False, reached=False)
    if among(low.ProxyError, requests.exceptions.ProxyError):
        return Setback(
            f"the proxy on the way to {host} does not answer: correct HTTPS_PROXY and HTTP_PROXY, "
            "or unset them",
            again=False,
            reached=False,
        )
    if "CERTIFICATE_VERIFY_FAILED" in words or "certificate verify failed" in words:
        return Setback(
            f"the certificate of {host} is not trusted ({_certificate(words)}): check this "
            "machine's clock, or name the authority of your network in REQUESTS_CA_BUNDLE",
            again=False,
            reached=False,
        )
    if among(low.SSLError, requests.exceptions.SSLError):
        return Setback(
            f"{host} and this machine cannot agree on a secure connection (TLS): check the base "
            "URL (https or http?) and whatever filters this network",
            again=True,
            reached=False,
        )
    if among(low.NameResolutionError):
        return Setback(
            f"{host} cannot be found: this machine is offline, or the base URL is wrong; the last "
            "snapshot stays in use",
            again=False,
            reached=False,
        )
    numbers = {cause.errno for cause in chain if isinstance(cause, OSError) and cause.errno}
    if numbers & {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}:
        return Setback(
            f"there is no way to {host}: this machine is offline; the last snapshot stays in use",
            again=False,
            reached=False,
        )
    if errno.ECONNREFUSED in numbers:
        return Setback(
            f"nothing answers at {host}: check the base URL, or try again later",
            again=True,
            reached=False,
        )
    if among(low.ConnectTimeoutError, requests.exceptions.ConnectTimeout):
        return Setback(
            f"{host} does not answer in time: this machine is offline or behind a firewall, or "
            "the service is down; try again later",
            again=True,
            reached=False,
        )
    if among(low.ReadTimeoutError, requests.exceptions.ReadTimeout, TimeoutError):
        return Setback(
            f"{host} went silent in the middle of the exchange: try again later",
            again=True,
            reached=True,
        )
    if among(low.DecodeError, requests.exceptions.ContentDecodingError):
        return Setback(
            f"the answer of {host} is not compressed in the way it says: try again later",
            again=True,
            reached=True,
        )
    if among(requests.exceptions.TooManyRedirects):
        return Setback(
            f"{host} sends us round in circles (redirects): check the base URL",
            again=False,
            reached=True,
        )
    return Setback(
        f"the connection to {host} broke off before the answer was complete: try again later",
        again=True,
        reached=True,
    )


def proxy_password() -> str:
    """Return the sentence for a proxy that answers 407."""
    return (
        "the proxy on the way wants a user name and password: set HTTPS_PROXY to "
        "http://USER:PASSWORD@PROXY:PORT"
    )


def malformed(url: str, error: RequestException | str) -> ValueError:
    """Return the error for a base URL that is none."""
    return ValueError(
        f"the base URL was given as {url!r} ({error}): write such as 'https://ssd-api.jpl.nasa.gov'"
    )


def _certificate(words: str) -> str:
    _, _, reason = words.partition("certificate verify failed: ")
    return reason.partition(" (_ssl")[0].partition("'")[0] or "verification failed"


def _causes(error: BaseException) -> Iterator[BaseException]:
    # requests wraps urllib3's error as an argument, urllib3 keeps the first cause as `reason`.
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        cause = pending.pop(0)
        if not isinstance(cause, BaseException) or id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        pending += [*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__]
        pending.append(getattr(cause, "original_error", None))
