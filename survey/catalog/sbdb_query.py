"""JPL's SBDB Query: the table of all near-Earth asteroids in one request [SBDBQuery]."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from survey.catalog import answers
from survey.catalog.answers import NoResultError, Note
from survey.catalog.checks import Raw
from survey.catalog.sbdb import read_sbdb_json
from survey.catalog.trouble import RefusedError
from survey.catalog.web import Door, Reply, ask

# Without these a snapshot would be poorer than the last one: their loss is a refusal.
_NEEDED: Final = (
    "full_name", "pdes", "epoch", "e", "a", "i", "om", "w", "ma", "H", "condition_code", "data_arc",
)  # fmt: skip
# The loss of one of these is only reported. q and n repeat what the elements say.
_WANTED: Final = (
    "name", "spkid", "class", "q", "n", "G", "orbit_id", "n_obs_used", "moid", "sigma_a", "sigma_e",
    "sigma_i", "sigma_om", "sigma_w", "sigma_ma", "A1", "A2", "A3", "diameter", "diameter_sigma",
    "albedo", "rot_per", "spec_B", "spec_T",
)  # fmt: skip
FIELDS: Final = (*_NEEDED, *_WANTED)
QUERY: Final = {"sb-group": "neo", "sb-kind": "a", "full-prec": "1"}
_NAME: Final = "SBDB Query"


@dataclass(frozen=True)
class Table:
    """An answer of SBDB Query.

    Parameters
    ----------
    raw : Raw
        Its rows as text, for `survey.catalog.checks.judge_all`.
    rows : int
        How many there are.
    version : str
        ``signature.version``.
    sha256 : str
        Of the answer, unpacked.
    """

    raw: Raw
    rows: int
    version: str
    sha256: str


def fetch_neos(door: Door, *, copy: Path | None = None) -> Table:
    """Fetch the orbits and properties of every near-Earth asteroid.

    Parameters
    ----------
    door : Door
        How JPL is reached.
    copy : Path, optional
        Where to keep the answer itself, compressed with gzip.

    Raises
    ------
    ServiceDownError
        JPL cannot be reached, or sends no answer.
    RefusedError
        The answer is incomplete or in another format.
    """

    def understand(reply: Reply) -> tuple[dict[str, Any], str]:
        data = reply.body.read()
        content = answers.parse_json(data, _NAME)
        if copy is not None:
            copy.write_bytes(gzip.compress(data, compresslevel=6, mtime=0))
        return content, reply.sha256

    query = {**QUERY, "fields": ",".join(FIELDS)}
    content, sha256 = ask(door, "sbdb_query", query, understand)
    return decode_neos(content, sha256, door.warn)


def decode_neos(content: dict[str, Any], sha256: str, note: Note) -> Table:
    """Turn an answer into a `Table`; errors as in `fetch_neos`."""
    try:
        answers.check(content, "sbdb_query", ("fields", "data", "count"), note)
    except NoResultError as error:
        raise RefusedError(f"{error}, though it was asked for all near-Earth asteroids") from error
    fields, data = content["fields"], content["data"]
    if not isinstance(fields, list) or not isinstance(data, list):
        raise RefusedError(f"{_NAME} sent no table (fields and data): its format has changed")
    if any(not isinstance(field, str) for field in fields):
        raise RefusedError(f"{_NAME} names its fields in another way: its format has changed")
    answers.count(content, _NAME, len(data))
    lacking = [field for field in _NEEDED if field not in fields]
    if lacking:
        raise RefusedError(
            f"{_NAME} sent a table without {', '.join(map(repr, lacking))}: its format has changed"
        )
    poorer = [field for field in _WANTED if field not in fields]
    if poorer:
        note(f"{_NAME} no longer sends {', '.join(poorer)}: those columns stay empty")
    extra = [answers.one_line(field) for field in fields if field not in FIELDS]
    if extra:
        note(f"{_NAME} sends {', '.join(extra[:10])}, which was not asked for and is left out")
    try:
        raw = read_sbdb_json(content, _NAME)
    except ValueError as error:
        raise RefusedError(str(error)) from error
    return Table(raw, len(data), str(content["signature"]["version"]), sha256)
