"""The command never touches the network by itself; astropy would, for Earth-orientation tables."""

from __future__ import annotations


def stay_offline() -> None:
    """Keep astropy from downloading Earth-orientation and leap-second tables in this process."""
    from astropy.utils import iers

    iers.conf.auto_download = False
    iers.conf.auto_max_age = None
