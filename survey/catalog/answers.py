"""What every JSON answer of JPL has in common: a signature, perhaps an error, perhaps a table.

HTTP 200 proves nothing: "not found" comes with it, and so do web pages of proxies. An answer counts
when its signature stands in it and every field that is needed is there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from survey.catalog.trouble import RefusedError, ServiceDownError
from survey.catalog.web import Reply

Note = Callable[[str], None]

# The versions each service has shown, first and last. A newer one is reported and read on: JPL
# announces changes of format there, and what is needed is checked in any case.
VERSIONS: Final = {
    "sbdb_query": ((1, 0), (1, 0)),
    "sbdb": ((1, 0), (1, 3)),
    "nhats": ((1, 0), (1, 3)),
    "cad": ((1, 0), (1, 5)),
    "mdesign": ((1, 0), (1, 2)),
    "periodic_orbits": ((1, 0), (1, 0)),
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


class NoResultError(ValueError):
    """The service understood the question and has nothing that answers it."""


def read_json(reply: Reply, service: str) -> dict[str, Any]:
    """Read an answer that should be a JSON object.

    Parameters
    ----------
    reply : Reply
        As it came.
    service : str
        For the message.

    Returns
    -------
    dict

    Raises
    ------
    ServiceDownError
        It is empty, a web page, or cut or damaged: another attempt may help.
    RefusedError
        It is JSON, but no object.
    """
    return parse_json(reply.body.read(), service)


def parse_json(data: bytes, service: str) -> dict[str, Any]:
    """Do what `read_json` does, on bytes."""
    if not data.strip():
        raise ServiceDownError(f"{service} sent an empty answer: try again later")
    if data.lstrip()[:1] == b"<":
        raise ServiceDownError(
            f"{service} sent a web page instead of data: the service is being serviced, or a proxy "
            "or login page stands in between; try again later"
        )
    try:
        content = json.loads(data, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise ServiceDownError(
            f"{service} sent an answer that is cut off or damaged: try again later"
        ) from error
    if not isinstance(content, dict):
        raise RefusedError(f"{service} sent JSON that is no object: its format has changed")
    return content


def check(content: dict[str, Any], service: str, needed: Sequence[str], note: Note) -> None:
    """See whether an answer is what it should be.

    Parameters
    ----------
    content : dict
        The whole answer.
    service : str
        A key of `VERSIONS`.
    needed : sequence of str
        Keys that must be there.
    note : callable
        Told of a version that is newer than known.

    Raises
    ------
    NoResultError
        It says that there is nothing.
    ServiceDownError
        It says that the service failed.
    RefusedError
        It says another error, or lacks its signature or a needed key.
    """
    said = _complaint(content)
    code = str(content.get("code", ""))
    if said and re.fullmatch(r"5\d\d", code):
        raise ServiceDownError(f"{service} says {said!r} (code {code}): try again later")
    if said and re.search(r"not found|no matching|no records|no pre-computed", said, re.I):
        raise NoResultError(f"{service} says: {said}")
    lacking = [key for key in needed if key not in content]
    if said and (lacking or code not in ("", "200")):
        raise RefusedError(f"{service} refuses the question: {said!r}; its format may have changed")
    signature = content.get("signature")
    version = signature.get("version") if isinstance(signature, dict) else None
    match = re.fullmatch(r"(\d{1,4})(?:\.(\d{1,4}))?.{0,20}", str(version), re.ASCII)
    if match is None:
        raise RefusedError(
            f"{service} sent an answer without its signature (signature.version): it is not JPL's, "
            "or its format has changed"
        )
    if lacking:
        raise RefusedError(
            f"{service} sent an answer without {lacking[0]!r} (version {version}): its format has "
            "changed"
        )
    number = int(match[1]), int(match[2] or 0)
    oldest, newest = VERSIONS[service]
    if not oldest <= number <= newest:
        kind = "newer" if number > newest else "older"
        note(
            f"{service} announces version {version}, {kind} than the "
            f"{newest[0]}.{newest[1]} this program knows: look at JPL's change log"
        )


def table(
    content: dict[str, Any], service: str, needed: Sequence[str], *, rows: str = "data"
) -> list[dict[str, Any]]:
    """Return the rows of an answer of the kind ``fields`` and ``data``.

    Parameters
    ----------
    content : dict
        The whole answer.
    service : str
        For the message.
    needed : sequence of str
        Fields that must be there.
    rows : str
        Key of the rows.

    Raises
    ------
    RefusedError
        A field is missing, a row has another length, or ``count`` disagrees.
    """
    fields, data = content.get("fields"), content.get(rows)
    if not isinstance(fields, list) or not isinstance(data, list):
        raise RefusedError(f"{service} sent no table (fields and {rows}): its format has changed")
    for field in needed:
        if fields.count(field) != 1:
            raise RefusedError(
                f"{service} sent a table without the field {field!r}: its format has changed"
            )
    if any(not isinstance(row, list) or len(row) != len(fields) for row in data):
        raise RefusedError(f"{service} sent rows that do not fit its fields")
    count(content, service, len(data))
    return [dict(zip(map(str, fields), row, strict=True)) for row in data]


def count(content: dict[str, Any], service: str, rows: int) -> None:
    """Refuse a table whose ``count``, an int or a string, is not the number of its rows."""
    given = content.get("count", rows)
    text = str(given).strip()
    if isinstance(given, bool) or not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise RefusedError(f"{service} gives its number of rows as {_short(given)}, not a number")
    if int(text) != rows:
        raise RefusedError(
            f"{service} announces {int(text):,} rows and sends {rows:,}: the answer is incomplete"
        )


def number(value: Any, what: str, *, low: float = -1e300, high: float = 1e300) -> float | None:
    """Return a number that JPL sends as a number or as text, None where there is none.

    Raises
    ------
    RefusedError
        It is neither, or outside its range.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    text = value.strip() if isinstance(value, str) else repr(value)
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise RefusedError(f"{one_line(what)} is {_short(value)}, where a number was expected")
    result = float(text)
    if not low <= result <= high:
        raise RefusedError(f"{one_line(what)} is {_short(value)}, outside {low:g} to {high:g}")
    return result


def needed_number(value: Any, what: str, *, low: float = -1e300, high: float = 1e300) -> float:
    """Do what `number` does, and refuse a missing one."""
    result = number(value, what, low=low, high=high)
    if result is None:
        raise RefusedError(f"{one_line(what)} is missing")
    return result


def whole(value: Any, what: str) -> int | None:
    """Return a whole number that is not negative, None where there is none."""
    result = number(value, what, low=0, high=1e15)
    if result is not None and result != int(result):
        raise RefusedError(
            f"{one_line(what)} is {_short(value)}, where a whole number was expected"
        )
    return None if result is None else int(result)


def text(value: Any, what: str) -> str:
    """Return one line of text without surrounding blanks, empty for null."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RefusedError(f"{one_line(what)} is {_short(value)}, where text was expected")
    line = " ".join(value.split())
    if not line.isprintable():
        raise RefusedError(f"{one_line(what)} is {_short(value)}, which is not printable")
    return line


def part(content: dict[str, Any], key: str, service: str) -> dict[str, Any]:
    """Return an object inside an answer."""
    value = content.get(key)
    if not isinstance(value, dict):
        raise RefusedError(f"{service} sent {key!r} in another form: its format has changed")
    return value


def one_line(words: object) -> str:
    """Return what a service calls something, fit to stand in a message."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(words))
    return text if len(text) <= 120 else text[:119] + "…"


def _complaint(content: dict[str, Any]) -> str:
    for key in ("message", "error", "warning"):
        if isinstance(content.get(key), str):
            return _short(content[key]).strip("'\"")
    return ""


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _short(value: Any) -> str:
    words = repr(value)
    return words if len(words) <= 60 else words[:59] + "…"
