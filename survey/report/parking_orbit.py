"""The parking orbit on the sky: where the waiting craft stands as seen from the Earth."""

from __future__ import annotations

from typing import Final

import astropy.units as u
import numpy as np
from astropy.time import Time
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import NDArray

from survey.ephemeris import heliocentric_state
from survey.report import dates, style
from survey.report import sun_earth as scene
from survey.report.orbits import line_shades
from survey.transfer.parking import ParkingOrbit

Array = NDArray[np.float64]

_SAMPLES: Final = 361  # per revolution
_SHADOW: Final = "#5b6068"
_NAMES: Final[dict[str, str]] = {
    "halo northern": "Northern halo orbit",
    "halo southern": "Southern halo orbit",
    "lyapunov": "Planar Lyapunov orbit",
    "vertical": "Vertical Lyapunov orbit",
    "lissajous": "Lissajous orbit",
}


def plot_parking(
    parking: ParkingOrbit,
    ax: Axes | None = None,
    *,
    start: Time | None = None,
    revolutions: float = 1.0,
    exclusion: u.Quantity | None = None,
) -> Axes:
    """Draw a parking orbit as seen from the Earth, about the Sun (L1) or opposite to it (L2).

    With an epoch of phase zero the craft is drawn where it stands at real dates, seen from the
    centre of the real Earth, first days of months marked; without one the orbit is that of the
    circular problem, phases marked.

    Parameters
    ----------
    parking : ParkingOrbit
        Of any family but the point itself.
    ax : Axes, optional
        Where to draw; a new figure without it.
    start : Time, optional
        First date drawn; phase zero without it.
    revolutions : float
        How many periods to draw.
    exclusion : Quantity, optional
        Angular radius of a zone about the centre that the craft must avoid: about the Sun at L1,
        where its radio noise drowns the craft; opposite to it at L2, in the Earth's shadow.

    Returns
    -------
    Axes
        Ecliptic longitude and latitude from the Sun or from the point opposite, degrees, east to
        the left as on the sky; coloured by the distance from the Earth.

    Raises
    ------
    ValueError
        For the point itself, for a start without an epoch of phase zero, for no revolutions, for a
        mass ratio that is not the Sun's and the Earth's, or dates outside the ephemeris.
    """
    _check(parking, start, revolutions)
    first = parking.phase_zero if start is None else start
    dated = first is not None
    samples = np.linspace(0.0, revolutions, max(2, int(_SAMPLES * revolutions)))
    if first is not None:
        samples = float(first.tdb.jd) + samples * parking.period_days
    lon, lat, km = _dated(parking, samples) if dated else _circular(parking, samples)
    radius = 0.0 if exclusion is None else float(exclusion.to_value(u.deg))
    reach, low, high = _extent(lon, lat, radius)
    if ax is None:
        figure = style.sized_figure(None, 6.9, 0.85 + 5.55 * (high - low) / (2.0 * reach))
        with style.figure_style():
            ax = figure.subplots()
    with style.figure_style():
        ax.set_aspect("equal")
        ax.set_xlim(reach, -reach)
        ax.set_ylim(low, high)
        _path(ax, lon, lat, km)
        _centre(ax, parking.point, radius)
        marks = _months(parking, samples) if dated else _phases(parking, revolutions)
        _mark(ax, *marks)
        _titles(ax, parking)
    return ax


def _check(parking: ParkingOrbit, start: Time | None, revolutions: float) -> None:
    scene.check_sun_earth(parking.mass_ratio, "the parking orbit")
    if parking.family == "point":
        raise ValueError(
            "the parking orbit was given as the libration point itself, which has no extent to "
            "draw: give a halo, Lyapunov, vertical or Lissajous orbit"
        )
    if not (np.isfinite(revolutions) and revolutions > 0.0):
        raise ValueError(f"{revolutions} revolutions were asked for: give a number above 0")
    if start is not None and parking.phase_zero is None:
        raise ValueError(
            "a first date was given, but the epoch of phase zero of the parking orbit is unknown: "
            "give phase_zero, or no date"
        )


def _circular(parking: ParkingOrbit, phase: Array) -> tuple[Array, Array, Array]:
    """Longitude and latitude in degrees, distance in km, in the circular problem."""
    states = parking.rotating_state(phase)
    place = scene.km_from_earth(parking.mass_ratio, states)
    return _angles(place, np.array([-1.0, 0.0, 0.0]), parking.point)


def _dated(parking: ParkingOrbit, jd: Array) -> tuple[Array, Array, Array]:
    """Do the same at dates, from the centre of the real Earth."""
    r, _ = parking.state(Time(jd, format="jd", scale="tdb"))
    earth, _ = heliocentric_state("earth", jd)
    return _angles(r.to_value(u.km) - earth, -earth, parking.point)


def _angles(place: Array, sun: Array, point: str) -> tuple[Array, Array, Array]:
    """Turn vectors from the Earth into angles from the Sun, or from the point opposite."""
    centre = sun if point == "L1" else -sun
    lon = np.arctan2(place[..., 1], place[..., 0]) - np.arctan2(centre[..., 1], centre[..., 0])
    lon = (lon + np.pi) % (2.0 * np.pi) - np.pi
    lat = np.arctan2(place[..., 2], np.hypot(place[..., 0], place[..., 1]))
    lat = lat - np.arctan2(centre[..., 2], np.hypot(centre[..., 0], centre[..., 1]))
    return np.degrees(lon), np.degrees(lat), np.linalg.norm(place, axis=-1)


def _path(ax: Axes, lon: Array, lat: Array, km: Array) -> None:
    points = np.stack((lon, lat), axis=-1)
    pieces = np.stack((points[:-1], points[1:]), axis=1)
    line = LineCollection(list(pieces), cmap=line_shades(), linewidths=1.8, capstyle="round",
                          gid="parking orbit", zorder=2)  # fmt: skip
    line.set_array(0.5 * (km[1:] + km[:-1]))
    ax.add_collection(line, autolim=False)
    bar = ax.figure.colorbar(line, ax=ax, pad=0.02, fraction=0.03, aspect=26)
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=2)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(scene.thousands))
    bar.set_label("distance from the Earth, thousand km")


def _extent(lon: Array, lat: Array, radius: float) -> tuple[float, float, float]:
    """Half the width, the bottom and the top of the picture, in degrees."""
    reach = max(float(np.abs(lon).max()), radius)
    low, high = min(float(lat.min()), -radius), max(float(lat.max()), radius)
    reach, margin = 1.16 * reach, 0.16 * max(reach, high - low)
    low, high = low - margin, high + margin
    short = 0.35 * reach - 0.5 * (high - low)  # room for the labels of a flat orbit
    return reach, low - max(short, 0.0), high + max(short, 0.0)


def _centre(ax: Axes, point: str, radius: float) -> None:
    name = "Sun" if point == "L1" else "opposite to the Sun"
    if radius > 0.0:
        ax.add_patch(Circle((0.0, 0.0), radius, facecolor=scene.FORBIDDEN, edgecolor=_SHADOW,
                            linewidth=0.6, gid="exclusion", zorder=1))  # fmt: skip
        zone = "solar exclusion zone" if point == "L1" else "exclusion zone"
        ax.annotate(f"{zone}, {radius:g}°", (0.0, -radius), (0, -3), textcoords="offset points",
                    ha="center", va="top", fontsize=7, color=_SHADOW,
                    bbox=scene.BOX, zorder=3)  # fmt: skip
    ax.plot([0.0], [0.0], marker="+", markersize=6, markeredgewidth=0.8, color=style.INK,
            linestyle="", gid=name, zorder=3)  # fmt: skip
    ax.annotate(name, (0.0, 0.0), (0, 4), textcoords="offset points", ha="center", va="bottom",
                fontsize=7, bbox=scene.BOX if radius < 1.0 else None, zorder=3)  # fmt: skip


def _phases(parking: ParkingOrbit, revolutions: float) -> tuple[Array, Array, list[str]]:
    """Places and names of the eighths of a revolution."""
    phases = np.arange(0.0, min(revolutions, 1.0) - 1e-9, 0.125)
    lon, lat, _ = _circular(parking, phases)
    return lon, lat, ["phase 0", *(f"{phase:.3g}" for phase in phases[1:])]


def _months(parking: ParkingOrbit, jd: Array) -> tuple[Array, Array, list[str]]:
    """Places and names of the first date, and of first days of months after it."""
    days = dates.date_numbers(jd)
    span = float(days[-1] - days[0])
    step = next((m for m in (1, 2, 3, 6) if span / (30.44 * m) <= 14), 12)
    starts = dates.month_starts(float(days[0]), float(days[-1]), months=step)
    starts = starts[starts > days[0]]
    lon, lat, _ = _dated(parking, np.interp(np.append(days[:1], starts), days, jd))
    names = [dates.day_text(float(day), "%Y-%m") for day in starts]
    return lon, lat, [dates.number_to_iso(float(days[0])), *names]


def _mark(ax: Axes, lon: Array, lat: Array, names: list[str]) -> None:
    """Put dots on the path; the first is large, and those that have no room go unnamed."""
    (left, right), (bottom, top) = ax.get_xlim(), ax.get_ylim()
    flat = float(np.abs(lat).max()) < 0.1 * left
    named: list[tuple[float, float]] = [(0.0, 0.0)] if flat else []
    for k, (x, y, name) in enumerate(zip(lon, lat, names, strict=True)):
        ax.plot([x], [y], marker="o", markersize=5.5 if k == 0 else 3.5, color=style.PAPER,
                markeredgecolor=style.INK, markeredgewidth=0.8, linestyle="",
                zorder=5 if k == 0 else 4, gid=name)  # fmt: skip
        near = any(
            abs(x - other) < 0.1 * (left - right) and abs(y - beside) < 0.07 * (top - bottom)
            for other, beside in named
        )
        if near and k > 0:
            continue
        named.append((float(x), float(y)))
        # East is to the left, so that outward on the page is minus x.
        length = float(np.hypot(x, y))
        out = (0.0, -1.0) if flat or length == 0.0 else (-x / length, y / length)
        ax.annotate(
            name, (x, y), (6.0 * out[0], 6.0 * out[1]), textcoords="offset points", fontsize=7,
            zorder=6, bbox=scene.BOX,
            ha="right" if out[0] < -0.3 else "left" if out[0] > 0.3 else "center",
            va="top" if out[1] < -0.3 else "bottom" if out[1] > 0.3 else "center",
        )  # fmt: skip


def _titles(ax: Axes, parking: ParkingOrbit) -> None:
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(nbins=8, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}°".replace("-", "−")))
    centre = "the Sun" if parking.point == "L1" else "the point opposite to the Sun"
    ax.set_xlabel(f"ecliptic longitude from {centre}, east to the left")
    ax.set_ylabel("ecliptic latitude")
    scene.light_spines(ax)
    ax.set_title(f"{_NAMES[parking.family]} about {parking.point}, as seen from the Earth",
                 loc="left", fontweight="bold")  # fmt: skip
    note = "phase at a date unknown" if parking.phase_zero is None else "real dates (UTC)"
    ax.set_title(f"{parking.period_days:.1f} d, {note}", loc="right", fontsize=8,
                 color=style.FAINT)  # fmt: skip
