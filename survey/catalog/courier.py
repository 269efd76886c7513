"""astroquery's questions, carried through our own door.

astroquery knows how to word a question and how to read some answers; its own way to the network
has no lock, no rest between requests and a cache that keeps error pages for a week. A `Courier`
takes the place of its `requests.Session`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from survey.catalog.web import Door, Reply, ask

if TYPE_CHECKING:
    from requests import Response


@dataclass(frozen=True)
class Courier:
    """What astroquery takes for a session.

    Parameters
    ----------
    door : Door
        How JPL is reached; its address of the service counts, not astroquery's.
    service : str
        A key of ``door.urls``.
    inspect : callable
        Takes the bytes of an answer; raises ServiceDownError if they are no answer at all.
    """

    door: Door
    service: str
    inspect: Callable[[bytes], object]

    def request(self, method: str, url: str, **details: Any) -> Response:
        """Ask in astroquery's words; of the details only the query counts."""
        if method.upper() != "GET" or details.get("data") or details.get("files"):
            raise NotImplementedError(f"astroquery wants to {method} to {url}")
        params = {key: str(value) for key, value in (details.get("params") or {}).items()}
        return ask(self.door, self.service, params, self._understand)

    def _understand(self, reply: Reply) -> Response:
        from io import BytesIO

        from requests import Response

        data = reply.body.read()
        self.inspect(data)
        response = Response()
        response.status_code = reply.status
        response.url = reply.url
        response.encoding = "utf-8"
        response.raw = BytesIO(data)
        return response
