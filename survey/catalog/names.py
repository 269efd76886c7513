"""How people spell an asteroid, and the one spelling the catalogue uses."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PROVISIONAL = re.compile(r"(\d{4}|A[89]\d\d)[ _-]?([A-HJ-Y])([A-HJ-Z])[ _-]?([1-9]\d{0,6})?")
_SURVEY = re.compile(r"(\d{4})[ _-]?(?:(P)[ _-]?L|(T)[ _-]([123]))")
_NUMBER = re.compile(r"\(?0*([1-9]\d{0,7})\)?")
_SALTILLO = "\ua78c"  # an apostrophe that Unicode counts as a letter
_COMET = re.compile(r"\d+[PDI](?=/|$|-)|[CPDXI]/")


@lru_cache(maxsize=1 << 16)
def canonical_designation(text: str) -> str | None:
    """Return a designation in the spelling of the catalogue, or None if it is not one.

    Parameters
    ----------
    text : str
        E.g. ``"(469219)"``, ``"2016ho3"``, ``"2016_HO3"``, ``"A898 PA"``, ``"2040P-L"``, or
        an asteroid on a comet's orbit such as ``"A/2019 G2"``.

    Returns
    -------
    str or None
        The number without leading zeros, or the provisional designation as the Minor Planet
        Center prints it: ``"469219"``, ``"2016 HO3"``.
    """
    # The compatibility form turns a subscript, as the Center typesets it, into plain digits.
    plain = text.strip() if text.isascii() else unicodedata.normalize("NFKC", text).strip()
    if not plain.isascii():
        return None
    if match := _NUMBER.fullmatch(plain):
        return match[1] if plain.startswith("(") == plain.endswith(")") else None
    plain = plain.upper()
    if plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1].strip()
    if match := _PROVISIONAL.fullmatch(plain):
        year = int(match[1].replace("A", "1"))
        if not match[1].startswith("A") and not 1925 <= year < 2100:
            return None
        if match[1].startswith("A") and year >= 1925:
            return None
        return f"{match[1]} {match[2]}{match[3]}{match[4] or ''}"
    if match := _SURVEY.fullmatch(plain):
        return f"{match[1]} P-L" if match[2] else f"{match[1]} T-{match[4]}"
    if re.fullmatch(r"A/\d{4} [A-HJ-Y]{1,2}\d{1,3}", plain):
        return plain
    return None


def is_comet(text: str) -> bool:
    """Whether a designation is that of a comet or an interstellar object, e.g. ``"1P/Halley"``."""
    return _COMET.match(text.strip()) is not None


def name_key(text: str) -> str:
    """Reduce a name to what all its spellings share.

    Apostrophes, okinas, accents, hyphens, blanks and the case of letters do not count, so
    ``"Kamoʻoalewa"``, ``"Kamo`oalewa"`` and ``"kamooalewa"`` are one, as are ``"Ra-Shalom"``
    and ``"ra shalom"``.
    """
    if text.isascii():
        return "".join(filter(str.isalnum, text)).casefold()
    plain = unicodedata.normalize("NFKD", text.casefold()).replace(_SALTILLO, "")
    # Okinas and their like are of category Lm, accents Mn, quotation marks P* and S*.
    return "".join(c for c in plain if unicodedata.category(c) in ("Ll", "Lo", "Nd"))


def sort_key(designation: str) -> tuple[int, int, str, int]:
    """Order of the catalogue: numbers first, then provisional designations by discovery."""
    if designation.isdigit():
        return 0, int(designation), "", 0
    year, _, rest = designation.rpartition(" ")
    match = re.fullmatch(r"([A-Z]+)(\d*)", rest)
    when = int(year.replace("A", "1")) if re.fullmatch(r"A?\d+", year) else 0
    if match is None or not when:
        return 2, 0, designation, 0
    return 1, when, match[1][0] + f"{int(match[2] or 0):08d}" + match[1][1:], 0
