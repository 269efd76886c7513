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
from functools import cache, partial
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import astropy.units as u
from astropy.time import Time

from survey.run import values
from survey.run.values import BadValueError, calendar_date

__all__ = ["Run", "adjust", "calendar_date", "default_run", "read_run", "write_default_run"]

MAX_CELLS = 10_000_000  # departures times times of flight
_BYTES_PER_CELL = 48  # the map of one asteroid holds six arrays of 8 bytes per cell


@dataclass(frozen=True)
class Run:
    """Every choice of one run, one attribute for each key of ``run.toml``.

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
    mass_ratio : float
        Mass ratio of the Sun-(Earth+Moon) system.
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
    mass_ratio: float
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
        Key of ``run.toml`` to (how the user knows it, e.g. ``"--from"``; what was given, as it
        would stand in the file).

    Raises
    ------
    ValueError
        One sentence, naming the option.
    """
    choices = {field.name: getattr(run, field.name) for field in fields(run)}
    labels = {name: f"the run's {name}" for name in choices}
    for name, (label, given) in changes.items():
        labels[name] = label
        choices[name] = _parse(label, _KEYS[name], given)
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


@dataclass(frozen=True)
class _Key:
    """One key of ``run.toml``: where it stands, how it is read, what to write."""

    section: str
    name: str
    parse: Callable[[object], Any]
    expected: str


_time = partial(values.quantity, unit="d", what="time")
_mass = partial(values.quantity, unit="kg", what="mass")
_seconds = partial(values.quantity, unit="s", what="time")
_speed = partial(values.quantity, unit="m/s", what="speed", zero=True)
_budget = partial(values.quantity, unit="m/s", what="speed")
_number = partial(values.whole, least=0, most=100_000)
_turns = partial(values.whole, least=0, most=7)
_rows = partial(values.whole, least=1, most=100)
_TIME = 'a time with its unit, e.g. "10 d"'
_BUDGET = 'a speed with its unit above zero, e.g. "500 m/s"'
_DAY = 'a UTC date, e.g. "2027-01-01"'
_TARGETS = 'a list such as ["469219", "2000 SG344"], or [] for all'
_KEYS = {
    key.name: key
    for key in (
        _Key("catalog", "snapshot", values.text, '"latest" or the name of a snapshot file'),
        _Key("catalog", "targets", values.texts, _TARGETS),
        _Key("catalog", "asteroids", values.motion, '"n-body" or "kepler"'),
        _Key("window", "departure_from", values.date, _DAY),
        _Key("window", "departure_to", values.date, _DAY),
        _Key("window", "departure_step", _time, _TIME),
        _Key("window", "tof_min", _time, _TIME),
        _Key("window", "tof_max", _time, _TIME),
        _Key("window", "tof_step", _time, _TIME),
        _Key("window", "max_revolutions", _turns, "a whole number from 0 to 7, e.g. 1"),
        _Key("parking", "point", values.point, '"L2" or "L1"'),
        _Key("parking", "orbit", values.parking_family, 'a family, e.g. "halo northern"'),
        _Key("parking", "size", values.parking_size, 'e.g. "z 400000 km", or "" for a point'),
        _Key("parking", "phase_zero", values.date_or_unknown, f'{_DAY}, or "unknown"'),
        _Key("parking", "mass_ratio", values.fraction, "e.g. 3.04042e-6 for Sun and Earth+Moon"),
        _Key("three_body", "search", values.truth, "true or false"),
        _Key("three_body", "flyby_budget", _budget, _BUDGET),
        _Key("three_body", "rendezvous_budget", _budget, _BUDGET),
        _Key("three_body", "deep", _number, "a whole number from 0 up, e.g. 10"),
        _Key("spacecraft", "mass", _mass, 'a mass with its unit, e.g. "2500 kg"'),
        _Key("spacecraft", "propellant", _mass, 'a mass with its unit, e.g. "200 kg"'),
        _Key("spacecraft", "isp", _seconds, 'a time in seconds, e.g. "305 s"'),
        _Key("spacecraft", "reserve", _speed, 'a speed with its unit, e.g. "20 m/s"'),
        _Key("spacecraft", "last_date", values.date, _DAY),
        _Key("report", "title", values.text, "one line of text in quotes"),
        _Key("report", "top", _rows, "a whole number from 1 to 100, e.g. 10"),
    )
}


def _checked(document: Mapping[str, object], prefix: str) -> Run:
    choices = dict(_default_choices())
    sections = list(dict.fromkeys(key.section for key in _KEYS.values()))
    for section, content in document.items():
        if section not in sections:
            if section in _KEYS:
                home = _KEYS[section].section
                raise ValueError(
                    f"{prefix}{section} stands outside any section: put it in [{home}]"
                )
            raise ValueError(f"{prefix}[{section}] is not a section: {_instead(section, sections)}")
        if not isinstance(content, dict):
            raise ValueError(
                f"{prefix}{section} was given as {_shown(content)}, but is a section: write "
                f"[{section}] on a line of its own, and its keys below"
            )
        known = [key.name for key in _KEYS.values() if key.section == section]
        for name, given in content.items():
            if name not in known:
                if name in _KEYS:
                    advice = f"move it to [{_KEYS[name].section}]"
                else:
                    advice = _instead(name, known)
                raise ValueError(f"{prefix}[{section}] has no key {name!r}: {advice}")
            choices[name] = _parse(f"{prefix}[{section}] {name}", _KEYS[name], given)
    labels = {key.name: f"{prefix}[{key.section}] {key.name}" for key in _KEYS.values()}
    _check_together(choices, labels)
    return Run(**choices)


def _parse(label: str, key: _Key, given: object) -> Any:
    try:
        return key.parse(given)
    except BadValueError as error:
        raise ValueError(
            f"{label} was given as {_shown(given)}, {error}: write {key.expected}"
        ) from None


def _check_together(choices: Mapping[str, Any], labels: Mapping[str, str]) -> None:
    """Refuse a window that runs backwards, a grid that does not fit, a craft made of propellant."""
    first, last = choices["departure_from"], choices["departure_to"]
    if last < first:
        raise ValueError(
            f"{labels['departure_to']} is {calendar_date(last.jd)}, before departure_from, "
            f"{calendar_date(first.jd)}: swap the two dates"
        )
    shortest, longest = choices["tof_min"], choices["tof_max"]
    if longest < shortest:
        raise ValueError(
            f"{labels['tof_max']} is {longest:g}, less than tof_min, {shortest:g}: swap the two"
        )
    departures = _points(last - first, choices["departure_step"])
    tofs = _points(longest - shortest, choices["tof_step"])
    cells = departures * tofs
    if not cells <= MAX_CELLS:
        raise ValueError(
            f"{labels['departure_step']} and tof_step make a grid of {_count(departures)} "
            f"departures by {_count(tofs)} times of flight, {_count(cells)} cells and about "
            f"{_count(cells * _BYTES_PER_CELL / 1e9)} GB for the map of one asteroid, more than "
            f"the {_count(MAX_CELLS)} cells that fit: use longer steps or a shorter window"
        )
    if choices["propellant"] >= choices["mass"]:
        raise ValueError(
            f"{labels['propellant']} is {choices['propellant']:g}, but the mass, propellant "
            f"included, is {choices['mass']:g}: write the mass with the propellant in it"
        )


@cache
def _default_text() -> str:
    return resources.files("survey").joinpath("default_run.toml").read_text(encoding="utf-8")


@cache
def _default_choices() -> dict[str, Any]:
    document = tomllib.loads(_default_text())
    return {key.name: key.parse(document[key.section][key.name]) for key in _KEYS.values()}


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
