"""The keys of ``run.toml``: where each stands, which choices it holds, what to write for it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from survey.run import values
from survey.run.values import BadValueError


@dataclass(frozen=True)
class Choice:
    """One attribute of `survey.run.Run`: how it is read, what to write, what people call it."""

    name: str
    parse: Callable[[object], Any]
    expected: str
    called: str


@dataclass(frozen=True)
class Key:
    """One key of ``run.toml``: one choice, or the `phrase` of several that belong together.

    Parameters
    ----------
    section, name : str
        Where it stands, and what it is called there.
    choices : tuple of Choice
        What it holds, in the order of the phrase.
    expected : str
        What to write.
    phrase : str
        Its form, with ``{}`` for each choice; empty if it holds one choice.
    """

    section: str
    name: str
    choices: tuple[Choice, ...]
    expected: str
    phrase: str = ""

    def split(self, given: object) -> tuple[object, ...]:
        """Take a phrase apart, one piece for each choice; BadValueError if it has another form."""
        if not self.phrase:
            return (given,)
        if not isinstance(given, str):
            raise BadValueError("which is not text in quotes")
        words = given.split()
        pattern = self.phrase.replace("{}", r"(\S.*?)")
        if (match := re.fullmatch(pattern, " ".join(words))) is not None:
            return match.groups()
        lacking = [f'"{one}"' for one in self.phrase.split() if one != "{}" and one not in words]
        trouble = (
            f"lacks {' and '.join(lacking)}" if lacking else "is incomplete or in another order"
        )
        raise BadValueError(f"which {trouble}")

    def read(self, given: object) -> dict[str, Any]:
        """Read each choice by its name; BadValueError says what is wrong, and with which."""
        read = {}
        for choice, piece in zip(self.choices, self.split(given), strict=True):
            try:
                read[choice.name] = choice.parse(piece)
            except BadValueError as error:
                if not self.phrase:
                    raise
                shown = json.dumps(piece, ensure_ascii=False)
                raise BadValueError(f"with {shown} for the {choice.called}, {error}") from None
        return read

    def label(self, choice: Choice) -> str:
        """Say where in the file one of the choices is made."""
        place = f"[{self.section}] {self.name}"
        return f"the {choice.called} in {place}" if self.phrase else place


def _one(section: str, name: str, parse: Callable[[object], Any], expected: str) -> Key:
    return Key(section, name, (Choice(name, parse, expected, name),), expected)


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
_RANGE = "{} to {} every {}"

_DEPARTURE = Key(
    "window",
    "departure",
    (
        Choice("departure_from", values.date, _DAY, "first departure"),
        Choice("departure_to", values.date, _DAY, "last departure"),
        Choice("departure_step", _time, _TIME, "step of departures"),
    ),
    'two UTC dates and a step, e.g. "2027-01-01 to 2037-01-01 every 10 d"',
    _RANGE,
)
_TOF = Key(
    "window",
    "tof",
    (
        Choice("tof_min", _time, _TIME, "shortest time of flight"),
        Choice("tof_max", _time, _TIME, "longest time of flight"),
        Choice("tof_step", _time, _TIME, "step of times of flight"),
    ),
    'two times and a step, e.g. "30 d to 730 d every 10 d"',
    _RANGE,
)
_ORBIT = Key(
    "parking",
    "orbit",
    (
        Choice("point", values.point, '"L2" or "L1"', "point"),
        Choice("orbit", values.parking_family, 'a family, e.g. "halo northern"', "orbit"),
    ),
    'L2 or L1, then halo northern, halo southern, lyapunov, vertical or point, e.g. "L2 halo '
    'northern"',
    "{} {}",
)

KEYS = {
    key.name: key
    for key in (
        _one("catalog", "snapshot", values.text, '"latest" or the name of a snapshot file'),
        _one("catalog", "targets", values.texts, _TARGETS),
        _one("catalog", "asteroids", values.motion, '"n-body" or "kepler"'),
        _DEPARTURE,
        _TOF,
        _one("window", "max_revolutions", _turns, "a whole number from 0 to 7, e.g. 1"),
        _ORBIT,
        _one("parking", "size", values.parking_size, 'e.g. "z 400000 km", or "" for a point'),
        _one("parking", "phase_zero", values.date_or_unknown, f'{_DAY}, or "unknown"'),
        _one("three_body", "search", values.truth, "true or false"),
        _one("three_body", "flyby_budget", _budget, _BUDGET),
        _one("three_body", "rendezvous_budget", _budget, _BUDGET),
        _one("three_body", "deep", _number, "a whole number from 0 up, e.g. 10"),
        _one("spacecraft", "mass", _mass, 'a mass with its unit, e.g. "2500 kg"'),
        _one("spacecraft", "propellant", _mass, 'a mass with its unit, e.g. "200 kg"'),
        _one("spacecraft", "isp", _seconds, 'a time in seconds, e.g. "305 s"'),
        _one("spacecraft", "reserve", _speed, 'a speed with its unit, e.g. "20 m/s"'),
        _one("spacecraft", "last_date", values.date, _DAY),
        _one("report", "title", values.text, "one line of text in quotes"),
        _one("report", "top", _rows, "a whole number from 1 to 100, e.g. 10"),
    )
}
"""Every key by its name, in the order of the default file."""

CHOICES = {choice.name: choice for key in KEYS.values() for choice in key.choices}
"""Every choice by its name, which is that of an attribute of `survey.run.Run`."""

SECTIONS = list(dict.fromkeys(key.section for key in KEYS.values()))
