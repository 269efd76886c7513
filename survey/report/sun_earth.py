"""What figures in the Sun-Earth rotating frame share: kilometres, the Earth, the Moon's orbit."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle
from matplotlib.ticker import FuncFormatter, MaxNLocator
from numpy.typing import ArrayLike, NDArray

from survey.astro.cr3bp import libration_points
from survey.constants import (
    AU_KM,
    MASS_RATIO_SUN_EARTH_MOON,
    MOON_ORBIT_KM,
    RADIUS_EARTH_KM,
)
from survey.report import style

Array = NDArray[np.float64]
Plane = Literal["xy", "xz", "yz"]

POINTS: Final = ("L1", "L2", "L3", "L4", "L5")

EARTH: Final = "#2b6cb0"
MOON: Final = "#4d535c"
BOX: Final[dict[str, Any]] = {
    "facecolor": style.PAPER, "edgecolor": "none", "pad": 0.5, "alpha": 0.75,
}  # fmt: skip
FORBIDDEN: Final = "#e9eaec"

# Told apart by lightness as well as by hue, for every eye and on a grey printer.
HALO_NORTHERN: Final = "#12355b"
HALO_SOUTHERN: Final = "#5ab6d7"
PLANAR: Final = "#c98a12"
VERTICAL: Final = "#b05e7c"
UNSTABLE: Final = "#c98a12"
STABLE: Final = "#12558a"


def check_sun_earth(mass_ratio: float, what: str) -> None:
    """Refuse what does not belong to the Sun and the Earth, whose sizes these figures show.

    Raises
    ------
    ValueError
        If the mass ratio is not that of the Sun and the Earth, with or without the Moon.
    """
    # Earth alone and JPL's rounded value lie within 1.3 %.
    if not abs(mass_ratio / MASS_RATIO_SUN_EARTH_MOON - 1.0) < 0.02:
        raise ValueError(
            f"{what} has the mass ratio {mass_ratio:.6g}, but the figure shows the Earth and the "
            f"Moon's orbit to scale: give one of the Sun and the Earth, near "
            f"{MASS_RATIO_SUN_EARTH_MOON:.6g}"
        )


def point_x_km(mass_ratio: float, point: str) -> float:
    """Distance of a libration point beyond the Earth, km; negative towards the Sun."""
    x = libration_points(mass_ratio)[POINTS.index(point), 0]
    return float((x - (1.0 - mass_ratio)) * AU_KM)


def km_from_earth(mass_ratio: float, states: ArrayLike) -> Array:
    """Positions ``(..., 3)`` of nondimensional states ``(..., 6)``, km from the Earth."""
    place = np.array(np.asarray(states, dtype=float)[..., :3])
    place[..., 0] -= 1.0 - mass_ratio
    return place * AU_KM


def draw_earth_and_moon(
    ax: Axes, plane: Plane, *, earth_x: float = 0.0, names: Literal["left", "right", ""] = "left"
) -> None:
    """Draw the Earth and the Moon's orbit to scale; data are in km.

    The Earth's disc, a point in most figures, has a rim lest it vanish.

    Parameters
    ----------
    ax : Axes
    plane : {"xy", "xz", "yz"}
        Seen edge-on the Moon's orbit is a line; its tilt of 5 degrees is not shown.
    earth_x : float
        The Earth's x.
    names : {"left", "right", ""}
        On which side of the Earth the names are written, if at all.
    """
    x = 0.0 if plane == "yz" else earth_x
    if plane == "xy":
        ax.add_patch(Circle((x, 0.0), MOON_ORBIT_KM, facecolor="none", edgecolor=MOON,
                            linewidth=0.7, gid="Moon's orbit", zorder=2.6))  # fmt: skip
    else:
        ax.plot([x - MOON_ORBIT_KM, x + MOON_ORBIT_KM], [0.0, 0.0], color=MOON, linewidth=0.7,
                gid="Moon's orbit", zorder=1.5)  # fmt: skip
    ax.add_patch(Circle((x, 0.0), RADIUS_EARTH_KM, facecolor=EARTH, edgecolor=EARTH,
                        linewidth=1.2, gid="Earth", zorder=3))  # fmt: skip
    if not names:
        return
    ha, shift = ("right", -4) if names == "left" else ("left", 4)
    below = -MOON_ORBIT_KM if plane == "xy" else 0.0
    for text, y, dy, va, colour in (
        ("Earth", 0.0, 3, "bottom", EARTH), ("Moon’s orbit", below, -3, "top", MOON),
    ):  # fmt: skip
        ax.annotate(text, (x, y), (shift, dy), textcoords="offset points", ha=ha, va=va,
                    fontsize=7, color=colour, zorder=4, bbox=BOX)  # fmt: skip


def draw_point(ax: Axes, name: str, x: float, *, y: float = 0.0) -> None:
    """Mark a libration point with a cross and its name."""
    ax.plot([x], [y], marker="+", markersize=5, markeredgewidth=0.8, color=style.INK, gid=name,
            linestyle="", zorder=4)  # fmt: skip
    ax.annotate(name, (x, y), (3, 3), textcoords="offset points", fontsize=7, zorder=4,
                gid=f"{name} label", bbox=BOX)  # fmt: skip


def thousand_km_axes(ax: Axes, *, x: str = "", y: str = "", bins: int = 7) -> None:
    """Label axes whose data are in km; the ticks count thousands of km."""
    for axis, label in ((ax.xaxis, x), (ax.yaxis, y)):
        axis.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 5, 10]))
        axis.set_major_formatter(FuncFormatter(thousands))
        axis.set_label_text(f"{label}, thousand km" if label else "")


def thousands(value: float, _: object = None) -> str:
    """Write a number of km as thousands, with the minus sign of print."""
    return f"{value / 1000.0:,.0f}".replace("-", "−")


def light_spines(ax: Axes) -> None:
    """Leave the frame to the left and the bottom."""
    ax.spines[["top", "right"]].set_visible(False)
