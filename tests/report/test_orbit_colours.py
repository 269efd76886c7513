"""Colours of orbit families and of manifold branches differ for every eye."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from survey.report import sun_earth

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB: protanopia, deuteranopia.
EYES = {
    "typical": np.eye(3),
    "protan": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                        [-0.003882, -0.048116, 1.051998]]),
    "deutan": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                        [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # sRGB, IEC 61966-2-1


def _lab(colour, eye):
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(EYES[eye] @ linear, 0, 1) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", EYES)
def test_families_and_branches_are_told_apart_by_every_eye(eye):
    groups = (
        [sun_earth.HALO_NORTHERN, sun_earth.HALO_SOUTHERN, sun_earth.PLANAR, sun_earth.VERTICAL],
        [sun_earth.STABLE, sun_earth.UNSTABLE],
    )
    for group in groups:
        labs = [_lab(colour, eye) for colour in group]
        gaps = [np.linalg.norm(a - b) for k, a in enumerate(labs) for b in labs[:k]]
        assert min(gaps) > 20.0  # far beyond the just noticeable 2.3
