"""JPL's SBDB lookup: everything on one object, covariance included [SBDBLookup]."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from survey.catalog import answers
from survey.catalog.answers import NoResultError, Note, needed_number, number, part
from survey.catalog.courier import Courier
from survey.catalog.lookup import UnknownTargetError
from survey.catalog.secondary import long_spkid
from survey.catalog.trouble import RefusedError
from survey.catalog.web import Door

_NAME: Final = "SBDB lookup"
_ELEMENTS: Final = ("e", "a", "q", "i", "om", "w", "ma", "tp")


@dataclass(frozen=True)
class Value:
    """A number with its 1-sigma uncertainty (None if not given) and unit as JPL writes it."""

    value: float
    sigma: float | None
    unit: str


@dataclass(frozen=True)
class PhysicalValue:
    """A physical property as printed, for some are ranges or words; with its reference."""

    value: str
    sigma: str
    unit: str
    reference: str
    note: str


@dataclass(frozen=True)
class Covariance:
    """Covariance of an orbit.

    Parameters
    ----------
    epoch_jd_tdb : float
        Its own epoch, which is not that of the orbit's elements.
    labels : tuple of str
        E.g. ``("e", "q", "tp", "node", "peri", "i", "A2")``; au, days, degrees.
    matrix : ndarray, shape (n, n)
        Symmetric, in the order of the labels.
    elements : dict
        The elements at that epoch; empty where the answer is of the older kind without them.
    """

    epoch_jd_tdb: float
    labels: tuple[str, ...]
    matrix: NDArray[np.float64]
    elements: dict[str, Value]


@dataclass(frozen=True)
class SmallBody:
    """One object.

    Parameters
    ----------
    designation, full_name : str
        As JPL writes them.
    spkid : int or None
        In the scheme of 8 digits if numbered.
    near_earth, hazardous : bool
        JPL's flags.
    orbit_class, orbit_id, condition_code : str
        E.g. ``"APO"``, ``"220"``, ``"0"``.
    epoch_jd_tdb : float
        Of the elements.
    moid_au : float or None
        Distance between its orbit and Earth's.
    elements : dict of str to Value
        ``e``, ``a``, ``q``, ``i``, ``om``, ``w``, ``ma``, ``tp``; what an orbit does not have
        (``a`` of a parabola) is left out.
    model : dict of str to Value
        Non-gravitational parameters, e.g. ``A2``.
    covariance : Covariance or None
        If it was asked for and exists.
    physical : dict of str to PhysicalValue
        E.g. ``diameter``, ``rot_per``, ``spec_B``.
    """

    designation: str
    full_name: str
    spkid: int | None
    near_earth: bool
    hazardous: bool
    orbit_class: str
    orbit_id: str
    condition_code: str
    epoch_jd_tdb: float
    moid_au: float | None
    elements: dict[str, Value]
    model: dict[str, Value]
    covariance: Covariance | None
    physical: dict[str, PhysicalValue]


def fetch_object(name: str, door: Door, *, covariance: bool = True) -> SmallBody:
    """Fetch everything on one object.

    Parameters
    ----------
    name : str
        Number, name or designation.
    door : Door
        How JPL is reached.
    covariance : bool
        Whether to ask for it.

    Raises
    ------
    UnknownTargetError
        None or several answer to the name.
    ServiceDownError, RefusedError
        JPL does not answer, or not as it should.
    """
    from astroquery.jplsbdb import SBDBClass

    query = SBDBClass()
    query._session = Courier(door, "sbdb", partial(answers.parse_json, service=_NAME))
    response = query.query_async(
        name,
        full_precision=True,
        covariance="mat" if covariance else None,
        phys=True,
        cache=False,
    )
    return decode_object(answers.parse_json(response.content, _NAME), door.warn)


def decode_object(content: dict[str, Any], note: Note) -> SmallBody:
    """Turn an answer into a `SmallBody`; errors as in `fetch_object`."""
    matches = content.get("list")
    if isinstance(matches, list):
        names = [
            answers.one_line(match.get("pdes")) for match in matches if isinstance(match, dict)
        ]
        raise UnknownTargetError(
            f"the name may mean {len(matches)} objects: write one of {', '.join(names[:10])}"
        )
    try:
        answers.check(content, "sbdb", ("object", "orbit"), note)
    except NoResultError as error:
        raise UnknownTargetError(f"JPL does not know the object ({error})") from error
    about, orbit = part(content, "object", _NAME), part(content, "orbit", _NAME)
    spkid = answers.whole(about.get("spkid"), "spkid")
    designation = answers.text(about.get("des"), "des")
    if not designation:
        raise RefusedError(f"{_NAME} sent an object without its designation")
    return SmallBody(
        designation=designation,
        full_name=answers.text(about.get("fullname"), "fullname"),
        spkid=None if spkid is None else long_spkid(spkid),
        near_earth=_flag(about, "neo"),
        hazardous=_flag(about, "pha"),
        orbit_class=answers.text(part(about, "orbit_class", _NAME).get("code"), "class"),
        orbit_id=answers.text(orbit.get("orbit_id"), "orbit_id"),
        condition_code=answers.text(orbit.get("condition_code"), "condition_code"),
        epoch_jd_tdb=needed_number(orbit.get("epoch"), "epoch", low=1e6, high=3e6),
        moid_au=number(orbit.get("moid"), "moid", low=0, high=1e4),
        elements=_elements(orbit.get("elements")),
        model=_values(orbit.get("model_pars") or [], "model_pars"),
        covariance=_covariance(orbit.get("covariance")),
        physical=_physical(content.get("phys_par") or []),
    )


def _flag(about: dict[str, Any], key: str) -> bool:
    value = about.get(key)
    if value not in (True, False, None):
        raise RefusedError(f"{_NAME} sent {key!r} in another form: its format has changed")
    return bool(value)


def _elements(given: Any) -> dict[str, Value]:
    values = _values(given, "elements")
    elements: dict[str, Value] = {name: values[name] for name in _ELEMENTS if name in values}
    lacking = {"e", "q", "i", "om", "w", "tp"} - elements.keys()
    if lacking:
        raise RefusedError(f"{_NAME} sent an orbit without {min(lacking)!r}")
    e, q = elements["e"].value, elements["q"].value
    if e < 0 or q <= 0 or not 0 <= elements["i"].value <= 180:
        raise RefusedError(f"{_NAME} sent elements that are no orbit (e = {e}, q = {q})")
    if "a" in elements and abs(elements["a"].value * (1 - e) / q - 1) > 1e-2:
        raise RefusedError(f"{_NAME} sent elements that contradict each other (a, e and q)")
    return elements


def _values(given: Any, what: str) -> dict[str, Value]:
    values = {}
    for entry in _entries(given, what):
        value = number(entry.get("value"), f"{what}: {_key(entry)}")
        if value is not None:
            sigma = number(entry.get("sigma"), f"sigma of {_key(entry)}", low=0)
            unit = answers.text(entry.get("units"), "units")
            values[_key(entry)] = Value(value, sigma, unit)
    return values


def _physical(given: Any) -> dict[str, PhysicalValue]:
    return {
        _key(entry): PhysicalValue(
            *(
                answers.text(entry.get(key), key)
                for key in ("value", "sigma", "units", "ref", "notes")
            )
        )
        for entry in _entries(given, "phys_par")
    }


def _entries(given: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(given, list) or any(not isinstance(entry, dict) for entry in given):
        raise RefusedError(f"{_NAME} sent {what!r} in another form: its format has changed")
    return given


def _key(entry: dict[str, Any]) -> str:
    return answers.text(entry.get("name"), "name")


def _covariance(given: Any) -> Covariance | None:
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("labels"), list):
        raise RefusedError(f"{_NAME} sent the covariance in another form: its format has changed")
    labels = tuple(answers.text(label, "label") for label in given["labels"])
    rows = given.get("data")
    if not isinstance(rows, list) or len(rows) != len(labels):
        raise RefusedError(f"{_NAME} sent a covariance that does not fit its labels")
    if any(not isinstance(row, list) or len(row) != len(labels) for row in rows):
        raise RefusedError(f"{_NAME} sent a covariance that does not fit its labels")
    matrix = np.array([[needed_number(value, "covariance") for value in row] for row in rows])
    matrix = matrix.reshape(len(labels), len(labels))
    diagonal = np.sqrt(np.abs(np.diag(matrix)))
    # Printed to 16 digits: the two halves agree but for the last of them.
    if (np.diag(matrix) < 0).any() or (
        np.abs(matrix - matrix.T) > 1e-9 * np.outer(diagonal, diagonal)
    ).any():
        raise RefusedError(f"{_NAME} sent a covariance that is none: it is not symmetric")
    elements = given.get("elements") or []
    return Covariance(
        needed_number(given.get("epoch"), "epoch of the covariance", low=1e6, high=3e6),
        labels,
        matrix,
        _values(elements, "covariance"),
    )
