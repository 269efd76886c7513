"""Keys that older files have, one for each choice of a phrase: what to write instead of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress

from survey.constants import MASS_RATIO_SUN_EARTH_MOON
from survey.run.keys import KEYS, Key
from survey.run.values import BadValueError

_HOME = {one.name: key for key in KEYS.values() for one in key.choices if one.name not in KEYS}
_DROPPED = {"mass_ratio": f"which is always {MASS_RATIO_SUN_EARTH_MOON}"}


def instead_of_former(
    document: Mapping[str, object], default: Mapping[str, Mapping[str, object]]
) -> str | None:
    """Say which former keys a file has, and the lines to write instead; None if it has none.

    Parameters
    ----------
    document, default : mapping
        The file and the default file, as TOML reads them. What a phrase needs and the file does
        not give is taken from the default.
    """
    given: dict[str, object] = {}
    for name, content in document.items():
        given |= content if isinstance(content, dict) else {name: content}
    former = [name for name in given if name in _HOME or name in _DROPPED]
    if not former:
        return None
    lines: dict[str, list[str]] = {}
    for key in dict.fromkeys(_HOME[name] for name in former if name in _HOME):
        text = json.dumps(_phrase(key, given, default), ensure_ascii=False)
        lines.setdefault(key.section, []).append(f"{key.name} = {text}")
    advice = [f"write {_listed(texts)} in [{section}]" for section, texts in lines.items()]
    advice += [f"leave out {name}, {why}" for name, why in _DROPPED.items() if name in former]
    verb = "are no longer keys" if former[1:] else "is no longer a key"
    return f"{_listed(former)} {verb}: {'; '.join(advice)}"


def _phrase(
    key: Key, given: Mapping[str, object], default: Mapping[str, Mapping[str, object]]
) -> str:
    """Put a phrase together from the former keys of a file, its own one, and the default."""
    names = [choice.name for choice in key.choices]
    pieces = dict(zip(names, key.split(default[key.section][key.name]), strict=True))
    former = {name: given[name] for name in names if name in given}
    # A former file has an orbit without its point; one that was changed by half has both.
    with suppress(BadValueError):
        key.read(given.get(key.name))
        pieces |= zip(names, key.split(given[key.name]), strict=True)
        former.pop(key.name, None)
    pieces |= former
    return key.phrase.format(*(" ".join(str(pieces[name]).split()) for name in names))


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
