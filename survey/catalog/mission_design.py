"""JPL's small-body mission design: missions to one object, computed ahead [MissionDesign]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from survey.catalog import answers
from survey.catalog.answers import NoResultError, Note
from survey.catalog.lookup import UnknownTargetError
from survey.catalog.web import Door, ask

if TYPE_CHECKING:
    import pandas as pd

_NAME: Final = "mission design"
_TEXT: Final = ("name", "date0", "datef", "class", "neo", "pha", "bin", "pdes")


def fetch_missions(designation: str, door: Door) -> pd.DataFrame:
    """Fetch the precomputed ballistic missions to an object, from Earth.

    Returns
    -------
    DataFrame
        JPL's own columns (``MJD0``, ``vinf_dep``, …), numbers as float; ``attrs["object"]`` is
        what the service says of the object.

    Raises
    ------
    UnknownTargetError
        No object or several answer to the name.
    """
    params = {"des": designation, "class": "true"}
    content = ask(door, "mdesign", params, lambda reply: answers.read_json(reply, _NAME))
    return decode_missions(content, door.warn)


def decode_missions(content: dict[str, Any], note: Note) -> pd.DataFrame:
    """Turn an answer into the table of `fetch_missions`."""
    import pandas as pd

    matches = content.get("list")
    if str(content.get("code")) == "300" and isinstance(matches, list):
        names = [
            answers.one_line(match.get("pdes")) for match in matches if isinstance(match, dict)
        ]
        raise UnknownTargetError(
            f"the name may mean {len(matches)} objects: write one of {', '.join(names[:10])}"
        )
    if "signature" not in content and isinstance(warning := content.get("warning"), str):
        raise NoResultError(f"{_NAME} says: {answers.one_line(warning)}")
    rows = "selectedMissions" if "selectedMissions" in content else "records"
    answers.check(content, "mdesign", ("fields", rows), note)
    if isinstance(content.get("warning"), str):
        note(f"{_NAME} says: {answers.text(content['warning'], 'warning')}")
    records = answers.table(content, _NAME, (), rows=rows)
    frame = pd.DataFrame(
        [
            {
                key: answers.text(value, key) if key in _TEXT else answers.number(value, key)
                for key, value in record.items()
            }
            for record in records
        ]
    )
    about = content.get("object")
    frame.attrs["object"] = about if isinstance(about, dict) else {}
    return frame
