"""Periodic orbits whose states somebody else has printed, as orbits of ours."""

from __future__ import annotations

import numpy as np

from survey.astro.cr3bp import jacobi_constant
from survey.astro.cr3bp_flow import propagate_cr3bp
from survey.astro.periodic import PeriodicOrbit
from survey.constants import MASS_RATIO_SUN_EARTH_JPL

# JPL periodic-orbit database, system sun-earth, family halo, branch N: x0, z0, vy0, period.
L2_NORTHERN = (1.0110059685997803, 0.0045638537751076817, -0.011344790710813389, 3.0803024932763416)
L1_NORTHERN = (0.98891420553289477, 0.0030040412483433019, 0.010113524775185567, 3.0530728500125566)
# The end of the excerpt kept beside the repository: stability index 1.
L2_STABLE = (1.0061571067313715, 0.012378693754744293, -0.013274637975321739, 2.2169778855001065)


def printed_orbit(
    x: float, z: float, vy: float, period: float, *, point: str = "L2"
) -> PeriodicOrbit:
    """A printed orbit; its multipliers by the ordinary eigenvalue problem."""
    mu = MASS_RATIO_SUN_EARTH_JPL
    state = np.array([x, 0.0, z, 0.0, vy, 0.0])
    _, monodromy, _ = propagate_cr3bp(mu, state, period, stm=True, tolerance=1e-15)
    values = np.linalg.eigvals(monodromy)
    values = values[np.argsort(-np.abs(values), kind="stable")].astype(complex)
    modulus = abs(values[0])
    return PeriodicOrbit(
        state=state,
        period=period,
        mass_ratio=mu,
        jacobi_constant=float(jacobi_constant(mu, state)),
        stability_index=0.5 * (modulus + 1.0 / modulus),
        family="halo",
        point=point,
        northern=True,
        multipliers=values,
        monodromy_matrix=monodromy,
    )
