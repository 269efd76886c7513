"""Which rows of a catalogue are orbits of near-Earth asteroids, and why the others are not.

Every reader hands over a `Raw` table of text, as printed in its file; every row comes back either
in the accepted table or in the rejected one with a reason ``"kind: particulars"``. Nothing is
guessed: a value that is not understood is a reason, not a blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from survey.catalog.names import canonical_designation, is_comet, sort_key
from survey.catalog.numerals import NUMBER, read_numbers
from survey.catalog.secondary import NAMES as SECONDARY
from survey.catalog.secondary import read_secondary
from survey.constants import AU_KM, DAY_S, GM_SUN_KM3_S2
from survey.tables import CATALOG, validate

# One column of text per quantity, and `line`, the row's place in the file. `problem` is what the
# reader itself found wrong; `q_au` and `n_deg_d` repeat what the elements say and must agree.
Raw = dict[str, list[Any]]

ELEMENTS: Final = {
    "epoch": "epoch",
    "a_au": "semi-major axis a",
    "e": "eccentricity e",
    "i_deg": "inclination i",
    "node_deg": "longitude of the node",
    "argperi_deg": "argument of perihelion",
    "mean_anomaly_deg": "mean anomaly",
}
_OPTIONAL: Final = {
    "H_mag": ("absolute magnitude H", -5.0, 50.0),
    "G": ("slope parameter G", -5.0, 5.0),
    "diameter_km": ("diameter", 0.0, 3000.0),
    "albedo": ("albedo", 0.0, 5.0),
    "q_au": ("perihelion distance q", 0.0, np.inf),
    "n_deg_d": ("mean motion n", 0.0, np.inf),
}
_IDENTITY: Final = ("designation", "number", "name", "provisional")
_TEXT: Final = ("designation", "name", "provisional", "condition_code", "arc", "n_oppositions")
RAW_COLUMNS: Final = ("line", "problem", *_TEXT, *ELEMENTS, *_OPTIONAL, *SECONDARY)

# JPL's limits of the orbit classes, au [JPLClasses].
_NEO_Q: Final = 1.3
_AMOR_Q: Final = 1.017
_ATIRA_Q: Final = 0.983

# Years 1800 to 2200. A calendar date such as 20200531 and a Modified Julian Date fall outside.
_FIRST_JD: Final = 2_378_496.5
_LAST_JD: Final = 2_524_593.5

_MEAN_MOTION_1AU: Final = float(np.degrees(np.sqrt(GM_SUN_KM3_S2 / AU_KM**3) * DAY_S))  # deg/d


def empty_raw() -> Raw:
    """Return a `Raw` table without rows, to be filled column by column."""
    return {name: [] for name in RAW_COLUMNS}


def append(raw: Raw, line: int, problem: str = "", **fields: str) -> None:
    """Add a row; quantities that are not given are empty."""
    raw["line"].append(line)
    raw["problem"].append(problem)
    for name in RAW_COLUMNS[2:]:
        raw[name].append(fields.get(name, ""))


def judge(raw: Raw) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Tell the near-Earth asteroids from the rows that cannot be used.

    Parameters
    ----------
    raw : Raw
        As the readers give it, ``n`` rows.

    Returns
    -------
    accepted : DataFrame
        `CATALOG`, in the catalogue's order. Epochs given in TT stand as TDB: the two differ by
        less than 2 ms, in which an asteroid moves some 50 m.
    rejected : DataFrame
        ``line``, ``designation``, ``reason``, in the file's order.
    """
    accepted, rejected, _ = judge_all(raw)
    return accepted, rejected


def judge_all(raw: Raw) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Do what `judge` does, and tell which values were left out of rows that were kept.

    Returns
    -------
    accepted, rejected : DataFrame
        As `judge`.
    left_out : DataFrame
        ``line``, ``designation``, ``reason``; a row for each such value, in the file's order.
    """
    values = {name: read_numbers(raw[name]) for name in (*ELEMENTS, *_OPTIONAL)}
    names = [canonical_designation(text) for text in raw["designation"]]
    reasons = np.array(raw["problem"], dtype=object)

    def reject(mask: NDArray[np.bool_], reason: Callable[[int], str]) -> None:
        for row in np.flatnonzero(mask & (reasons == "")):
            reasons[row] = reason(int(row))

    with np.errstate(all="ignore"):  # nonsense is expected here, and named below
        _check_designations(raw, names, reject)
        _check_elements(raw, values, reject)
        _check_optional(raw, values, reject)
        _check_agreement(raw, values, reject)
        q = values["a_au"] * (1 - values["e"])
        reject(
            ~(q < _NEO_Q),
            lambda row: f"not a near-Earth object: q = {q[row]:.4f} au, the limit is {_NEO_Q} au",
        )
        frame = _catalogue(raw, names, values)
    extra, blanks = read_secondary(raw)
    frame = frame.assign(**extra)
    _check_duplicates(frame, np.array(raw["line"], dtype=int), reasons)

    good = reasons == ""
    rejected = pd.DataFrame(
        {
            "line": np.array(raw["line"], dtype=int)[~good],
            "designation": [
                names[row] or _short(raw["designation"][row]) for row in np.flatnonzero(~good)
            ],
            "reason": reasons[~good],
        },
    ).astype({"designation": object, "reason": object})
    keys = frame["designation"].map(sort_key).tolist()
    order = sorted(np.flatnonzero(good).tolist(), key=keys.__getitem__)
    accepted = validate(frame.iloc[np.array(order, dtype=int)], CATALOG)
    left_out = pd.DataFrame(
        [(raw["line"][row], names[row] or "", reason) for row, reason in blanks if good[row]],
        columns=["line", "designation", "reason"],
    ).astype({"line": int, "designation": object, "reason": object})
    return accepted, rejected.sort_values("line", kind="stable", ignore_index=True), left_out


def orbit_class(a_au: NDArray[np.float64], e: NDArray[np.float64]) -> NDArray[np.object_]:
    """Class of a near-Earth orbit by JPL's limits [JPLClasses].

    Parameters
    ----------
    a_au, e : ndarray
        Semi-major axis and eccentricity, any shape.

    Returns
    -------
    ndarray of str
        IEO (aphelion inside 0.983 au), ATE (a < 1 au), APO (q < 1.017 au) or AMO (q < 1.3 au);
        empty where the perihelion is farther out.
    """
    q, aphelion = a_au * (1 - e), a_au * (1 + e)
    chosen = np.select(
        [(a_au < 1) & (aphelion < _ATIRA_Q), a_au < 1, q < _AMOR_Q, q < _NEO_Q],
        ["IEO", "ATE", "APO", "AMO"],
        "",
    )
    return chosen.astype(object)


def _check_designations(raw: Raw, names: list[str | None], reject: Any) -> None:
    given = raw["designation"]
    comet = np.array([is_comet(text) for text in given], dtype=bool)
    blank = np.array([not text for text in given], dtype=bool)
    unclear = np.array([name is None for name in names], dtype=bool)
    reject(comet, lambda row: f"comet: {_short(given[row])}")
    reject(blank, lambda _row: "no designation")
    reject(unclear, lambda row: f"designation not understood: {_short(given[row])!r}")
    for name in ("name", "arc"):
        texts = raw[name]
        garbled = np.array([not text.isprintable() for text in texts], dtype=bool)
        reject(garbled, lambda row, t=texts, n=name: f"unreadable value: {n} {_short(t[row])!r}")


def _check_elements(raw: Raw, values: dict[str, NDArray[np.float64]], reject: Any) -> None:
    e, a = values["e"], values["a_au"]
    reject(e >= 1, lambda row: f"hyperbolic or parabolic: e = {raw['e'][row]}")
    for name, words in ELEMENTS.items():
        text = raw[name]
        _reject_unreadable(text, values[name], words, reject, "missing element")
        reject(
            ~np.isfinite(values[name]),
            lambda row, t=text, w=words: f"element not finite: {w} = {_short(t[row])}",
        )
    epoch = values["epoch"]
    reject(
        (epoch < _FIRST_JD) | (epoch > _LAST_JD),
        lambda row: (
            f"epoch is not a Julian date: {_short(raw['epoch'][row])}, expected such as 2459403.5"
        ),
    )
    reject(e < 0, lambda row: f"eccentricity out of range: e = {raw['e'][row]}")
    reject(a <= 0, lambda row: f"semi-major axis not positive: a = {raw['a_au'][row]}")
    i = values["i_deg"]
    reject((i < 0) | (i > 180), lambda row: f"inclination out of range: i = {raw['i_deg'][row]}")
    for name in ("node_deg", "argperi_deg", "mean_anomaly_deg"):
        reject(
            np.abs(values[name]) > 360,
            lambda row, n=name: f"angle out of range: {ELEMENTS[n]} = {raw[n][row]}",
        )


def _check_optional(raw: Raw, values: dict[str, NDArray[np.float64]], reject: Any) -> None:
    for name, (words, low, high) in _OPTIONAL.items():
        text, value = raw[name], values[name]
        _reject_unreadable(text, value, words, reject, "")
        reject(
            (value < low) | (value > high) | np.isinf(value),
            lambda row, t=text, w=words: f"value out of range: {w} = {_short(t[row])}",
        )
    oppositions = raw["n_oppositions"]
    wrong = [not re.fullmatch(r"\d{0,4}", text, re.ASCII) for text in oppositions]
    reject(
        np.array(wrong, dtype=bool),
        lambda row: f"unreadable value: oppositions {_short(oppositions[row])!r}",
    )


def _check_agreement(raw: Raw, values: dict[str, NDArray[np.float64]], reject: Any) -> None:
    # A damaged digit shows where the file says the same thing twice. Each printed value may be
    # off by one unit of its last digit; the floor covers the Sun's GM of the source.
    a, e, q, n = (values[name] for name in ("a_au", "e", "q_au", "n_deg_d"))
    da, de, dq, dn = (_last_digits(raw[name]) for name in ("a_au", "e", "q_au", "n_deg_d"))
    motion = _MEAN_MOTION_1AU * a**-1.5
    wrong_n = np.abs(n - motion) > dn + 1.5 * motion * da / a + 1e-7 * motion
    perihelion = a * (1 - e)
    wrong_q = np.abs(q - perihelion) > dq + (1 - e) * da + a * de + 1e-9
    reject(
        wrong_n,
        lambda row: (
            f"the elements contradict each other: a = {raw['a_au'][row]} gives n = "
            f"{motion[row]:.8g} deg/d, not {raw['n_deg_d'][row]}"
        ),
    )
    reject(
        wrong_q,
        lambda row: (
            f"the elements contradict each other: a and e give q = {perihelion[row]:.8g} au, not "
            f"{raw['q_au'][row]}"
        ),
    )


def _check_duplicates(
    frame: pd.DataFrame, lines: NDArray[np.int_], reasons: NDArray[np.object_]
) -> None:
    # The later epoch is kept, then the better orbit, then the first; an object that also stands
    # under its provisional designation is the same object, and keeps its number.
    good = frame[reasons == ""]
    numbered = good[good["number"].notna() & (good["provisional"] != "")]
    alias = dict(zip(numbered["provisional"], numbered["designation"], strict=True))
    key = good["designation"].map(lambda name: alias.get(name, name))
    repeated = good[key.duplicated(keep=False)]
    for _, group in repeated.groupby(key.loc[repeated.index], sort=False):
        quality = group["condition_code"].replace("", "z")
        best = min(group.index, key=lambda r: (-group.at[r, "epoch_jd_tdb"], quality[r], r))
        for row in group.index.drop(best):
            later = group.at[best, "epoch_jd_tdb"] > group.at[row, "epoch_jd_tdb"]
            better = quality[best] < quality[row]
            why = "later in epoch" if later else "the better orbit" if better else "the first"
            reasons[row] = f"duplicate: line {lines[best]} is {why} and was kept"
        numbers = group.index[group["number"].notna()]
        if len(numbers) and best not in numbers:
            frame.loc[best, list(_IDENTITY)] = frame.loc[numbers[0], list(_IDENTITY)]


def _reject_unreadable(
    text: list[str], value: NDArray[np.float64], words: str, reject: Any, missing: str
) -> None:
    if missing:
        blank = np.array([not value for value in text], dtype=bool)
        reject(blank, lambda _row: f"{missing}: {words}")
    wrong = np.zeros(len(text), dtype=bool)
    for row in np.flatnonzero(np.isnan(value)):
        wrong[row] = bool(text[row]) and not NUMBER.fullmatch(text[row])
    reject(wrong, lambda row: f"unreadable value: {words} {_short(text[row])!r}")


def _catalogue(
    raw: Raw, names: list[str | None], values: dict[str, NDArray[np.float64]]
) -> pd.DataFrame:
    number = [int(name) if name and name.isdigit() else None for name in names]
    provisional = [canonical_designation(text) or "" for text in raw["provisional"]]
    columns: dict[str, Any] = {
        "designation": [name or "" for name in names],
        "number": pd.array(number, dtype="Int64"),
        "name": raw["name"],
        "provisional": [
            (name or "") if n is None else "" if p.isdigit() else p
            for name, n, p in zip(names, number, provisional, strict=True)
        ],
        "orbit_class": orbit_class(values["a_au"], values["e"]),
        "epoch_jd_tdb": values["epoch"],
        **{name: values[name] for name in ("a_au", "e", "i_deg")},
        **{
            name: np.where(values[name] < 0, values[name] + 360, values[name]) % 360
            for name in ("node_deg", "argperi_deg", "mean_anomaly_deg")
        },
        "H_mag": values["H_mag"],
        "G": values["G"],
        "condition_code": [c if re.fullmatch("[0-9DEF]", c) else "" for c in raw["condition_code"]],
        "arc": raw["arc"],
        "n_oppositions": pd.array(
            [int(t) if re.fullmatch(r"\d{1,4}", t, re.A) else None for t in raw["n_oppositions"]],
            dtype="Int64",
        ),
        "diameter_km": values["diameter_km"],
        "albedo": values["albedo"],
    }
    return pd.DataFrame(columns)


def _last_digits(texts: list[str]) -> NDArray[np.float64]:
    # The unit of the last printed digit: 0.01 for "12.30", 10 for "1.56e+03".
    units = np.full(len(texts), np.nan)
    for row, text in enumerate(texts):
        match = NUMBER.fullmatch(text)
        if match and match[1]:
            decimals = len(match[1].partition(".")[2])
            exponent = int((match[2] or "e0")[1:]) - decimals
            units[row] = 10.0 ** min(exponent, 300)
    return units


def _short(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
