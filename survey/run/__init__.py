"""The choices of one run: ``run.toml`` in, one frozen dataclass out, with messages that teach.

The file holds text: quantities with their unit (``"10 d"``) and UTC calendar dates
(``"2027-01-01"``). They become Quantity and TDB Time here and nowhere else. The defaults are those
of ``survey/default_run.toml``, the file that `write_default_run` hands out.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import astropy.units as u
from astropy.time import Time

from survey.run.former import instead_of_former
from survey.run.keys import CHOICES, KEYS, SECTIONS
from survey.run.values import BadValueError, calendar_date

__all__ = ["Run", "adjust", "calendar_date", "default_run", "read_run", "write_default_run"]

MAX_CELLS = 10_000_000  # departures times times of flight
_BYTES_PER_CELL = 48  # the map of one asteroid holds six arrays of 8 bytes per cell


@dataclass(frozen=True)
class Run:
    """Every choice of one run; each comes from one key of ``run.toml``, see `survey.run.keys`.

    Parameters
    ----------
    snapshot : str
        ``"latest"``, or the file name or path of a catalogue snapshot.
    targets : tuple of str
        Designations or names; empty for the whole catalogue.
    asteroids : {"n-body", "kepler"}
        How the asteroids move: among the planets, or on the ellipses of their elements.
    departure_from, departure_to : Time
        First and last departure from the parking orbit, scalar, TDB.
    departure_step, tof_min, tof_max, tof_step : Quantity
        Spacing of the departures; shortest and longest time of flight and their spacing, days.
    max_revolutions : int
        Full revolutions about the Sun allowed on the way.
    point : {"L1", "L2"}
        Libration point where the craft waits.
    orbit, size : str
        Family of the orbit about it and which member, as text; see
        `survey.transfer.ParkingOrbit.from_text`. The two-body search leaves from the point itself.
    phase_zero : Time or None
        When the craft is at phase zero of the orbit, scalar, TDB; None if unknown.
    search : bool
        Whether arcs that feel Earth's gravity are searched.
    flyby_budget, rendezvous_budget : Quantity
        Most that such arcs may cost, m/s.
    deep : int
        Asteroids of either kind that are searched phase by phase.
    mass, propellant : Quantity
        The craft now, propellant included; usable propellant, kg.
    isp, reserve : Quantity
        Specific impulse, s; delta-v kept back, m/s.
    last_date : Time
        Last date of operation, scalar, TDB.
    title : str
        Title of the report.
    top : int
        Rows in the printed lists, and pages of the report.
    """

    snapshot: str
    targets: tuple[str, ...]
    asteroids: Literal["n-body", "kepler"]
    departure_from: Time
    departure_to: Time
    departure_step: u.Quantity
    tof_min: u.Quantity
    tof_max: u.Quantity
    tof_step: u.Quantity
    max_revolutions: int
    point: Literal["L1", "L2"]
    orbit: str
    size: str
    phase_zero: Time | None
    search: bool
    flyby_budget: u.Quantity
    rendezvous_budget: u.Quantity
    deep: int
    mass: u.Quantity
    propellant: u.Quantity
    isp: u.Quantity
    reserve: u.Quantity
    last_date: Time
    title: str
    top: int

    @property
    def orbit_name(self) -> str:
        """The parking orbit as a sentence names it: "northern halo orbit about L2"."""
        if self.orbit == "point":
            return f"libration point {self.point} itself"
        known = {"lyapunov": "planar Lyapunov", "vertical": "vertical Lyapunov"}
        name = known.get(self.orbit, " ".join(reversed(self.orbit.split())))
        return f"{name} orbit about {self.point}"

    @property
    def digest(self) -> str:
        """SHA-256 of all choices: blind to comments, order and spelling (10 d is 240 h)."""
        return self.digest_of(*(key.name for key in fields(self)))

    def digest_of(self, *names: str) -> str:
        """SHA-256 of the choices `names`, so that a step can tell whether its own have changed."""
        choices = {name: _canonical(getattr(self, name)) for name in sorted(names)}
        return hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()


def read_run(path: Path | str) -> Run:
    """Read and check a ``run.toml``; a key that is left out takes its default.

    Parameters
    ----------
    path : Path or str
        The file.

    Returns
    -------
    Run

    Raises
    ------
    ValueError
        One sentence: the file and key, what was given, what was expected, what to write.
    OSError
        If the file cannot be read.
    """
    path = Path(path)
    try:
        # utf-8-sig: editors on Windows put a byte-order mark that TOML does not know.
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: byte {error.start} is not UTF-8, which a TOML file must be: save the file "
            "as UTF-8"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(
            f'{path}: not a TOML file: {_lower_first(str(error))}; text such as "10 d" and '
            '"2027-01-01" stands in quotes'
        ) from None
    return _checked(document, f"{path}: ")


def default_run() -> Run:
    """Return the defaults, as if ``run.toml`` were empty."""
    return _checked({}, "")


def adjust(run: Run, changes: Mapping[str, tuple[str, object]]) -> Run:
    """Return `run` with some choices given elsewhere, e.g. as options of a command.

    Parameters
    ----------
    run : Run
        What to start from.
    changes : mapping
        Attribute of `Run` to (how the user knows it, e.g. ``"--from"``; what was given, as text
        of the file).

    Raises
    ------
    ValueError
        One sentence, naming the option.
    """
    choices = {field.name: getattr(run, field.name) for field in fields(run)}
    labels = {name: f"the run's {CHOICES[name].called}" for name in choices}
    for name, (label, given) in changes.items():
        labels[name] = label
        choices[name] = _parse(label, CHOICES[name].parse, given, CHOICES[name].expected)
    _check_together(choices, labels)
    return Run(**choices)


def write_default_run(path: Path | str) -> None:
    """Write the commented defaults to a new file `path`.

    Raises
    ------
    ValueError
        If the file exists: choices somebody made are never overwritten.
    OSError
        If it cannot be written.
    """
    path = Path(path)
    if path.exists():
        raise ValueError(f"{path} exists already: edit it, or give another folder")
    temporary = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        temporary.write_text(_default_text(), encoding="utf-8")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _checked(document: Mapping[str, object], prefix: str) -> Run:
    if (advice := instead_of_former(document, _default_document())) is not None:
        raise ValueError(f"{prefix}{advice}")
    choices = dict(_default_choices())
    for section, content in document.items():
        if section not in SECTIONS:
            if section in KEYS:
                home = KEYS[section].section
                raise ValueError(
                    f"{prefix}{section} stands outside any section: put it in [{home}]"
                )
            raise ValueError(f"{prefix}[{section}] is not a section: {_instead(section, SECTIONS)}")
        if not isinstance(content, dict):
            raise ValueError(
                f"{prefix}{section} was given as {_shown(content)}, but is a section: write "
                f"[{section}] on a line of its own, and its keys below"
            )
        known = [key.name for key in KEYS.values() if key.section == section]
        for name, given in content.items():
            if name not in known:
                if name in KEYS:
                    advice = f"move it to [{KEYS[name].section}]"
                else:
                    advice = _instead(name, known)
                raise ValueError(f"{prefix}[{section}] has no key {name!r}: {advice}")
            key = KEYS[name]
            choices |= _parse(f"{prefix}[{section}] {name}", key.read, given, key.expected)
    labels = {one.name: key.label(one) for key in KEYS.values() for one in key.choices}
    _check_together(choices, labels, prefix)
    return Run(**choices)


def _parse(label: str, parse: Callable[[object], Any], given: object, expected: str) -> Any:
    try:
        return parse(given)
    except BadValueError as error:
        raise ValueError(
            f"{label} was given as {_shown(given)}, {error}: write {expected}"
        ) from None


def _check_together(
    choices: Mapping[str, Any], labels: Mapping[str, str], prefix: str = ""
) -> None:
    """Refuse a window that runs backwards, a grid that does not fit, a craft made of propellant."""
    first, last = choices["departure_from"], choices["departure_to"]
    if last < first:
        raise ValueError(
            f"{prefix}{labels['departure_to']} is {calendar_date(last.jd)}, before the first "
            f"departure, {calendar_date(first.jd)}: swap the two dates"
        )
    shortest, longest = choices["tof_min"], choices["tof_max"]
    if longest < shortest:
        raise ValueError(
            f"{prefix}{labels['tof_max']} is {longest:g}, less than the shortest time of flight, "
            f"{shortest:g}: swap the two"
        )
    departures = _points(last - first, choices["departure_step"])
    tofs = _points(longest - shortest, choices["tof_step"])
    cells = departures * tofs
    if not cells <= MAX_CELLS:
        raise ValueError(
            f"{prefix}{labels['departure_step']} and {labels['tof_step']} make a grid of "
            f"{_count(departures)} departures by {_count(tofs)} times of flight, {_count(cells)} "
            f"cells and about {_count(cells * _BYTES_PER_CELL / 1e9)} GB for the map of one "
            f"asteroid, more than the {_count(MAX_CELLS)} cells that fit: use longer steps or a "
            "shorter window"
        )
    if choices["propellant"] >= choices["mass"]:
        raise ValueError(
            f"{prefix}{labels['propellant']} is {choices['propellant']:g}, but the mass, "
            f"propellant included, is {choices['mass']:g}: write the mass with the propellant in it"
        )


@cache
def _default_text() -> str:
    return resources.files("survey").joinpath("default_run.toml").read_text(encoding="utf-8")


@cache
def _default_document() -> dict[str, dict[str, object]]:
    return tomllib.loads(_default_text())


@cache
def _default_choices() -> dict[str, Any]:
    default = _default_document()
    return {
        name: value
        for key in KEYS.values()
        for name, value in key.read(default[key.section][key.name]).items()
    }


def _canonical(value: Any) -> object:
    if isinstance(value, Time):
        return calendar_date(value.jd)
    if isinstance(value, u.Quantity):
        return [float(value.value), str(value.unit)]
    return list(value) if isinstance(value, tuple) else value


def _instead(given: str, known: list[str]) -> str:
    near = difflib.get_close_matches(given.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else f"write one of {', '.join(known)}"


def _shown(given: object) -> str:
    text = (
        given.isoformat()
        if isinstance(given, date)
        else json.dumps(given, ensure_ascii=False, default=str)
    )
    return text if len(text) <= 60 else text[:57] + "..."


def _points(span: Any, step: Any) -> float:
    # In Python's floats, which overflow to infinity without a warning.
    return float(span.to_value(u.d)) // float(step.to_value(u.d)) + 1


def _count(number: float) -> str:
    return f"{number:,.0f}" if number < 1e12 else f"{number:.1e}"


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
