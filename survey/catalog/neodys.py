"""The orbit files of NEODyS and ESA's NEO Coordination Centre: OEF, one object or a catalogue.

A file of one object (``433.ke1``) gives each quantity a line of its own (record type ML), a
catalogue (``neodys.cat``) each object a line (record type 1L) [OEF].
"""

from __future__ import annotations

import re
from typing import Final

from survey.catalog.checks import Raw, append, empty_raw

_HEADER = re.compile(r"(\w+)\s*=\s*('[^']*'|[^!]*)")
_SCALES: Final = ("TDT", "TT", "TDB")
_ELEMENTS: Final = ("a_au", "e", "i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg")
_OTHER_ELEMENTS: Final = {"EQU": "equinoctial", "COM": "cometary", "CAR": "Cartesian"}
_NO_SCALE: Final = "unreadable value: the epoch's time scale is {scale!r}, expected TDT"


def looks_like_oef(lines: list[str]) -> bool:
    """Whether the file begins with an OEF header."""
    return any(re.match(r"\s*format\s*=\s*'OEF", line) for line in lines[:20])


def read_oef(lines: list[str], name: str) -> Raw:
    """Read either kind of OEF file.

    Parameters
    ----------
    lines : list of str
        The whole file.
    name : str
        Name of the file, for the message.

    Returns
    -------
    Raw
        One row per object.

    Raises
    ------
    ValueError
        The header is cut off, or the elements are not Keplerian in the ecliptic of J2000.
    """
    ends = [number for number, line in enumerate(lines) if line.strip() == "END_OF_HEADER"]
    if not ends:
        raise ValueError(f"{name} is cut off inside its header: download it again")
    header = {
        match[1].lower(): match[2].strip().strip("'").strip()
        for line in lines[: ends[0]]
        if (match := _HEADER.match(line.strip()))
    }
    frame = " ".join(header.get("refsys", "").split())
    if frame != "ECLM J2000":
        raise ValueError(
            f"{name} gives its elements in the frame {frame!r}: download the Keplerian file in "
            "'ECLM J2000'"
        )
    if header.get("elem", "KEP") != "KEP":
        raise ValueError(
            f"{name} gives {header['elem']!r} elements: download the Keplerian file (.ke0, .ke1)"
        )
    body = [
        (number, line)
        for number, line in enumerate(lines[ends[0] + 1 :], ends[0] + 2)
        if line.strip() and not line.lstrip().startswith("!")
    ]
    cut = bool(lines[-1])  # the file does not end with a line end
    return _lines(body, cut) if header.get("rectype") == "1L" else _blocks(body)


def _lines(body: list[tuple[int, str]], cut: bool) -> Raw:
    raw = empty_raw()
    for number, line in body:
        match = re.fullmatch(r"\s*'([^']*)'\s+(.*\S)\s*", line)
        values = match[2].split() if match else []
        fields = dict(zip(("mjd", *_ELEMENTS, "H_mag", "G"), values, strict=False))
        problem = ""
        if match is None or len(values) < 9:
            problem = (
                f"unreadable row: {len(values)} values where the quoted name is followed by epoch, "
                "six elements, H and G"
            )
        elif cut and number == body[-1][0]:
            problem = "unreadable row: the file does not end with a line end, so it may be cut here"
        fields["epoch"] = _julian(fields.pop("mjd", ""))
        append(raw, number, problem, designation=match[1].strip() if match else "", **fields)
    return raw


def _blocks(body: list[tuple[int, str]]) -> Raw:
    raw = empty_raw()
    blocks: list[tuple[int, str, dict[str, list[str]]]] = []
    for number, line in body:
        key, *values = line.split()
        if not line.startswith((" ", "\t")):
            blocks.append((number, line.strip(), {}))
        elif blocks:
            blocks[-1][2].setdefault(key, values)
    for number, designation, records in blocks:
        elements, epoch = records.get("KEP", []), records.get("MJD", [])
        magnitude = records.get("MAG", [])
        fields = dict(zip(_ELEMENTS, elements, strict=False))
        fields["epoch"] = _julian(epoch[0]) if epoch else ""
        if len(magnitude) == 2:
            fields |= {"H_mag": magnitude[0], "G": magnitude[1]}
        problem = ""
        other = [words for key, words in _OTHER_ELEMENTS.items() if key in records]
        if other and not elements:
            problem = f"{other[0]} elements: download the Keplerian file (.ke0, .ke1)"
        elif elements and len(elements) != len(_ELEMENTS):
            problem = f"unreadable row: {len(elements)} elements where there should be six"
        elif epoch and (len(epoch) != 2 or epoch[1] not in _SCALES):
            problem = _NO_SCALE.format(scale=" ".join(epoch[1:]))
        append(raw, number, problem, designation=designation, **fields)
    return raw


def _julian(mjd: str) -> str:
    try:
        return repr(float(mjd) + 2_400_000.5)
    except ValueError:
        return mjd
