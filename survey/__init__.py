"""Which near-Earth asteroids a spacecraft waiting at Sun-Earth L2 can still reach.

JPL's catalogue is frozen into a dated snapshot; the transfer floor turns that snapshot, a
parking orbit and a grid of dates into a table of transfers; the ranking is one row per
asteroid; the report only draws.

Conventions, everywhere in this package
---------------------------------------
Frame
    Sun-centred, ecliptic and equinox of J2000. JPL's ICRF vectors are rotated by the J2000
    obliquity 84381.448 arcsec at one door, `survey.ephemeris`.
Time scale
    TDB inside, as Julian dates in column names (``_jd_tdb``); UTC only where a person reads it.
Units
    Public functions above `survey.astro` take and give `astropy` Quantity and Time; columns and
    constants carry their unit in the name (``a_au``, ``dv_total_m_s``, ``GM_SUN_KM3_S2``).
    `survey.astro` works on float64 in any consistent units and never sees a Quantity.
Shapes
    The vector axis comes last: ``(..., 3)`` for positions, ``(..., 6)`` for states. Grids are
    ordered (asteroid, departure, time of flight). Broadcasting is the batch interface.
Failure
    A batch never raises: it returns a ``status`` array, explained by a public ``STATUS``
    dictionary. At the door, bad input raises `ValueError` that says what was given, what was
    expected, and what to write instead.
Words
    ``tof`` time of flight, ``dv`` delta-v, ``revs`` full revolutions, ``low_path`` the
    flatter of two multi-revolution arcs, ``flyby`` (pass the asteroid) and ``rendezvous`` (stop
    at it), ``fidelity`` the rung of the ladder on which a number stands (``two-body`` here).

Nothing is imported or computed when this package is imported.
"""

__version__ = "0.1.0"
