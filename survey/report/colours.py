"""The one colour ramp: even steps of lightness in Oklab, dark blue (cheap) to pale straw (dear).

Lightness alone carries the value, so the ramp survives grey printing; the hue runs from blue to
yellow, the axis that the common colour-vision deficiencies keep. Oklab: [Ottosson2020].
"""

from __future__ import annotations

from functools import cache

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

_OKLAB_TO_LMS = np.array(
    [
        [1.0, 0.3963377774, 0.2158037573],
        [1.0, -0.1055613458, -0.0638541728],
        [1.0, -0.0894841775, -1.2914855480],
    ]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -3.3077115913, 0.2309699292],
        [-1.2684380046, 2.6097574011, -0.3413193965],
        [-0.0041960863, -0.7034186147, 1.7076147010],
    ]
)
# Lightness, chroma and hue (degrees) at equal distances along the ramp.
_LIGHTNESS = (0.26, 0.955)
_CHROMA = (0.085, 0.108, 0.103, 0.088, 0.055)
_HUE_DEG = (268.0, 245.0, 205.0, 150.0, 103.0)


def _oklch_to_srgb(
    lightness: NDArray[np.float64], chroma: NDArray[np.float64], hue_deg: NDArray[np.float64]
) -> NDArray[np.float64]:
    hue = np.deg2rad(hue_deg)
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=-1)
    linear = np.clip((lab @ _OKLAB_TO_LMS.T) ** 3 @ _LMS_TO_RGB.T, 0.0, 1.0)
    rgb = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(rgb, dtype=float)


@cache
def ramp() -> LinearSegmentedColormap:
    """Return the colour map; its range 0 to 1 is dark (cheap) to pale (dear)."""
    t = np.linspace(0.0, 1.0, 256)
    knots = np.linspace(0.0, 1.0, len(_HUE_DEG))
    lightness = _LIGHTNESS[0] + t * (_LIGHTNESS[1] - _LIGHTNESS[0])
    colours = _oklch_to_srgb(lightness, np.interp(t, knots, _CHROMA), np.interp(t, knots, _HUE_DEG))
    return LinearSegmentedColormap.from_list("delta-v", colours)
