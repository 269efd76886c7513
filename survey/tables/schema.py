"""What a table is, and those that cross floors: columns, units and meaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["str", "float", "int", "bool"]


@dataclass(frozen=True)
class Column:
    """One column of a table: name, kind of value, unit (an astropy unit string) and meaning.

    An `optional` column may be absent from a table or file: it then counts as wholly missing, and
    one that is wholly missing is not written. Tables made before it existed stay readable.
    """

    name: str
    kind: Kind
    unit: str
    description: str
    nullable: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Schema:
    """A named list of columns; `key` lists the columns that tell one row from another."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names, in the order in which they are written."""
        return [column.name for column in self.columns]


# What only some sources say. Missing is "" in text and empty in numbers.
_SECONDARY: tuple[tuple[str, Kind, str, str], ...] = (
    ("spkid", "int", "", "JPL's identifier, in the scheme of 8 digits where the number is known"),
    ("orbit_id", "str", "", "JPL's orbit solution"),
    ("n_observations", "int", "", "observations used in the orbit"),
    ("moid_au", "float", "AU", "minimum distance between its orbit and Earth's"),
    ("sigma_a_au", "float", "AU", "1-sigma uncertainty of a_au"),
    ("sigma_e", "float", "", "1-sigma uncertainty of e"),
    ("sigma_i_deg", "float", "deg", "1-sigma uncertainty of i_deg"),
    ("sigma_node_deg", "float", "deg", "1-sigma uncertainty of node_deg"),
    ("sigma_argperi_deg", "float", "deg", "1-sigma uncertainty of argperi_deg"),
    ("sigma_mean_anomaly_deg", "float", "deg", "1-sigma uncertainty of mean_anomaly_deg"),
    ("A1_au_d2", "float", "AU / d2", "non-gravitational acceleration at 1 au, radial"),
    ("A2_au_d2", "float", "AU / d2", "the same, transverse"),
    ("A3_au_d2", "float", "AU / d2", "the same, normal to the orbit"),
    ("diameter_sigma_km", "float", "km", "1-sigma uncertainty of diameter_km"),
    ("rotation_h", "float", "h", "rotation period"),
    ("spectral_type_smass", "str", "", "spectral type, SMASS II taxonomy"),
    ("spectral_type_tholen", "str", "", "spectral type, Tholen's taxonomy"),
    ("physical_source", "str", "", "who gives diameter, albedo, rotation and spectral types"),
    ("nhats_dv_km_s", "float", "km / s", "NHATS: least delta-v of a round trip from low orbit"),
    ("nhats_duration_d", "int", "d", "NHATS: duration of that round trip"),
    ("approaches", "int", "", "CAD: passes of Earth in the window of the provenance"),
    ("approach_jd_tdb", "float", "d", "CAD: time of the closest of them"),
    ("approach_au", "float", "AU", "CAD: its nominal distance from Earth's centre"),
    ("approach_v_km_s", "float", "km / s", "CAD: its speed relative to Earth"),
)

CATALOG = Schema(
    "catalog",
    ("designation",),
    (
        Column("designation", "str", "", "number if numbered, else provisional designation"),
        Column("number", "int", "", "minor-planet number", nullable=True),
        Column("name", "str", "", "IAU name, empty where there is none"),
        Column("provisional", "str", "", "principal provisional designation, if given"),
        Column("orbit_class", "str", "", "JPL orbit class: AMO, APO, ATE or IEO"),
        Column("epoch_jd_tdb", "float", "d", "epoch of osculation, Julian date TDB"),
        Column("a_au", "float", "AU", "semi-major axis"),
        Column("e", "float", "", "eccentricity"),
        Column("i_deg", "float", "deg", "inclination to the ecliptic J2000"),
        Column("node_deg", "float", "deg", "longitude of the ascending node"),
        Column("argperi_deg", "float", "deg", "argument of perihelion"),
        Column("mean_anomaly_deg", "float", "deg", "mean anomaly at epoch"),
        Column("H_mag", "float", "mag", "absolute magnitude", nullable=True),
        Column("G", "float", "", "slope parameter of the H, G system", nullable=True),
        Column("condition_code", "str", "", "orbit uncertainty U, 0 (best) to 9; E, D, F: see MPC"),
        Column("arc", "str", "", "observed arc as the source gives it: years or days"),
        Column("n_oppositions", "int", "", "oppositions observed", nullable=True),
        Column("diameter_km", "float", "km", "diameter, if given", nullable=True),
        Column("albedo", "float", "", "geometric albedo, if given", nullable=True),
        *(Column(*column, nullable=True, optional=True) for column in _SECONDARY),
    ),
)

TRANSFERS = Schema(
    "transfers",
    ("designation", "kind", "window"),
    (
        Column("designation", "str", "", "asteroid, as in the catalogue"),
        Column("name", "str", "", "IAU name, empty where there is none"),
        Column("H_mag", "float", "mag", "absolute magnitude", nullable=True),
        Column("kind", "str", "", "flyby (pass) or rendezvous (stop)"),
        Column("window", "int", "", "1 = best, then further distinct windows by delta-v"),
        Column("departure_jd_tdb", "float", "d", "departure from the parking orbit, JD TDB"),
        Column("arrival_jd_tdb", "float", "d", "arrival at the asteroid, JD TDB"),
        Column("tof_d", "float", "d", "time of flight"),
        Column("revs", "int", "", "full revolutions about the Sun on the way"),
        Column("low_path", "bool", "", "branch of the multi-revolution arc; true when revs = 0"),
        Column("dv_departure_m_s", "float", "m / s", "impulse that leaves the parking orbit"),
        Column("dv_arrival_m_s", "float", "m / s", "impulse that stops there; 0 for a flyby"),
        Column("dv_total_m_s", "float", "m / s", "sum of all impulses"),
        Column("v_relative_km_s", "float", "km / s", "speed relative to the asteroid on arrival"),
        Column("transfer_angle_deg", "float", "deg", "heliocentric angle, 0 to 360 (+360 per rev)"),
        Column("breadth_d", "float", "d", "span of departures within 10 % (at least 10 m/s) of it"),
        Column("sun_distance_au", "float", "AU", "asteroid to Sun on arrival"),
        Column("earth_distance_au", "float", "AU", "asteroid to Earth on arrival"),
        Column("approach_phase_deg", "float", "deg", "Sun-asteroid-spacecraft angle on approach"),
        Column("fidelity", "str", "", "rung of the ladder: two-body, three-body or ephemeris"),
        Column("asteroid_model", "str", "", "how the asteroid was moved: kepler or n-body"),
        Column("status", "int", "", "0 = solved; see survey.astro.lambert.STATUS"),
    ),
)

THREE_BODY = Schema(
    "three_body",
    ("designation", "kind", "window"),
    (
        Column("designation", "str", "", "asteroid, as in the catalogue"),
        Column("name", "str", "", "IAU name, empty where there is none"),
        Column("H_mag", "float", "mag", "absolute magnitude", nullable=True),
        Column("kind", "str", "", "flyby (pass) or rendezvous (stop)"),
        Column("window", "int", "", "1 = cheapest; the others fly or arrive sooner for more"),
        Column("strategy", "str", "", "how the parking orbit is left"),
        Column("departure_jd_tdb", "float", "d", "departure from the parking orbit, JD TDB"),
        Column("arrival_jd_tdb", "float", "d", "arrival at the asteroid, JD TDB"),
        Column("tof_d", "float", "d", "time of flight"),
        Column("phase_zero_jd_tdb", "float", "d", "when the craft must be at phase zero", True),
        Column("dv_departure_m_s", "float", "m / s", "impulse that leaves the parking orbit"),
        Column("dv_arrival_m_s", "float", "m / s", "impulse that stops there; 0 for a flyby"),
        Column("dv_total_m_s", "float", "m / s", "sum of all impulses"),
        Column("v_relative_km_s", "float", "km / s", "speed relative to the asteroid on arrival"),
        Column("least_earth_km", "float", "km", "least distance to the Earth-Moon barycentre"),
        Column("assisted", "bool", "", "passes Earth or Moon: the model is not valid there"),
        Column("phase_best_m_s", "float", "m / s", "least delta-v over all phases", True),
        Column("phase_median_m_s", "float", "m / s", "median over phase of the least", True),
        Column("phase_worst_m_s", "float", "m / s", "the same at the worst phase", True),
        Column("phases_within_budget", "float", "", "share of the phases that can afford it", True),
        Column("effort", "str", "", "quick, or phase by phase"),
        Column("problems", "int", "", "boundary-value problems tried"),
        Column("converged", "int", "", "how many of them converged"),
        Column("fidelity", "str", "", "rung of the ladder: three-body"),
        Column("asteroid_model", "str", "", "how the asteroid was moved: n-body"),
        Column("status", "int", "", "0 = solved; see survey.astro.shooting.STATUS"),
    ),
)

UNREACHED = Schema(
    "unreached",
    ("designation", "kind"),
    (
        Column("designation", "str", "", "asteroid, as in the catalogue"),
        Column("name", "str", "", "IAU name, empty where there is none"),
        Column("kind", "str", "", "flyby (pass) or rendezvous (stop)"),
        Column("outcome", "str", "", "why no arc: out of reach (no start), not "
               "converged (none of the starts), over budget (all that converged) or no path "
               "(where the asteroid is cannot be computed)"),
        Column("budget_m_s", "float", "m / s", "most that all manoeuvres together were allowed"),
        Column("starts", "int", "", "starts there were, from the reachable set or two-body arcs"),
        Column("problems", "int", "", "boundary-value problems tried"),
        Column("converged", "int", "", "how many of them converged"),
    ),
)  # fmt: skip

DEPARTURES = Schema(
    "departures",
    ("designation", "kind", "strategy"),
    (
        Column("designation", "str", "", "asteroid, as in the catalogue"),
        Column("name", "str", "", "IAU name, empty where there is none"),
        Column("H_mag", "float", "mag", "absolute magnitude", nullable=True),
        Column("kind", "str", "", "flyby (pass) or rendezvous (stop)"),
        Column("strategy", "str", "", "how the parking orbit is left: single impulse, inserted "
               "deep-space impulse, manifold coast or powered Earth swingby"),
        Column("outcome", "str", "", "found; no start; not converged (none of the starts); none "
               "kept (over the budget, or past Earth or Moon); no gain (an impulse on the way does "
               "not help); no path (where the asteroid is cannot be computed)"),
        Column("departure_jd_tdb", "float", "d", "departure from the parking orbit, JD TDB", True),
        Column("middle_jd_tdb", "float", "d", "impulse on the way, JD TDB", True),
        Column("arrival_jd_tdb", "float", "d", "arrival at the asteroid, JD TDB", True),
        Column("tof_d", "float", "d", "time of flight from the parking orbit", True),
        Column("phase_zero_jd_tdb", "float", "d", "when the craft must be at phase zero", True),
        Column("dv_departure_m_s", "float", "m / s", "impulse that leaves the parking orbit", True),
        Column("dv_middle_m_s", "float", "m / s", "impulse on the way; 0 without one", True),
        Column("dv_arrival_m_s", "float", "m / s", "impulse that stops there; 0 for a flyby", True),
        Column("dv_total_m_s", "float", "m / s", "sum of all impulses", True),
        Column("saved_m_s", "float", "m / s", "by how much it is cheaper than the single impulse; "
               "empty where none is found that neither Earth nor Moon helps", True),
        Column("v_relative_km_s", "float", "km / s", "speed relative to the asteroid", True),
        Column("v_infinity_km_s", "float", "km / s", "swingby: speed far from the Earth after the "
               "burn; empty for an ellipse", True),
        Column("perigee_altitude_km", "float", "km", "swingby: least altitude above the equator "
               "of an Earth whose centre is the barycentre", True),
        Column("least_earth_km", "float", "km", "least distance to the barycentre", True),
        Column("assisted", "bool", "", "passes Earth or Moon; a swingby does by design"),
        Column("primer_max", "float", "", "greatest length of the primer vector between the "
               "impulses; above 1 a further impulse helps", True),
        Column("problems", "int", "", "starts tried"),
        Column("converged", "int", "", "how many of them converged"),
        Column("fidelity", "str", "", "rung of the ladder: three-body"),
        Column("asteroid_model", "str", "", "how the asteroid was moved: n-body"),
        Column("status", "int", "", "0 = found, 1 = see the outcome"),
    ),
)  # fmt: skip

_BEST = (
    ("rank", "int", "", "place by delta-v on the highest rung known, 1 = cheapest", True),
    ("dv_m_s", "float", "m / s", "total delta-v of the best two-body window", True),
    ("dv_departure_m_s", "float", "m / s", "its departure impulse", True),
    ("departure_jd_tdb", "float", "d", "its departure, JD TDB", True),
    ("arrival_jd_tdb", "float", "d", "its arrival, JD TDB", True),
    ("tof_d", "float", "d", "its time of flight", True),
    ("revs", "int", "", "its full revolutions", True),
    ("v_relative_km_s", "float", "km / s", "its speed relative to the asteroid on arrival", True),
    ("breadth_d", "float", "d", "its breadth: departure span within 10 % (at least 10 m/s)", True),
    ("windows", "int", "", "distinct windows kept", False),
    ("within_budget", "bool", "", "affordable for the craft of the run, as ranked", False),
)

# How far the asteroid's position on that arrival can be believed, and what its ellipse would give.
_BESIDE: tuple[tuple[str, Kind, str, str], ...] = (
    ("sigma_km", "float", "km", "uncertainty of the asteroid's position on arrival, if known"),
    ("earth_pass_au", "float", "AU", "its nearest pass by Earth from its epoch to the arrival"),
    ("earth_pass_jd_tdb", "float", "d", "when that is, JD TDB"),
    ("trusted", "str", "", "yes, no; empty where the position was not assessed"),
    ("doubt", "str", "", "why its position cannot be trusted"),
    ("kepler_rank", "int", "", "place with the asteroids on undisturbed ellipses"),
    ("kepler_dv_m_s", "float", "m / s", "total delta-v with the asteroids on such ellipses"),
)

# The same asteroid with Earth's gravity, from the parking orbit itself; empty where not found.
_THREE_BODY: tuple[tuple[str, Kind, str, str], ...] = (
    ("fidelity", "str", "", "rung on which it is ranked; empty: that of the column fidelity"),
    ("two_body_rank", "int", "", "place by the two-body delta-v alone"),
    ("three_body_dv_m_s", "float", "m / s", "total delta-v of the best three-body arc"),
    ("three_body_dv_departure_m_s", "float", "m / s", "its departure impulse"),
    ("three_body_dv_middle_m_s", "float", "m / s", "its impulse on the way; 0 without one"),
    ("strategy", "str", "", "how that arc leaves the parking orbit"),
    ("single_impulse_dv_m_s", "float", "m / s", "total delta-v of the best arc of one impulse"),
    ("three_body_departure_jd_tdb", "float", "d", "its departure, JD TDB"),
    ("three_body_arrival_jd_tdb", "float", "d", "its arrival, JD TDB"),
    ("three_body_tof_d", "float", "d", "its time of flight"),
    ("three_body_v_relative_km_s", "float", "km / s", "its speed relative to the asteroid"),
    ("phase_best_m_s", "float", "m / s", "least three-body delta-v over all phases"),
    ("phase_median_m_s", "float", "m / s", "median over phase of the least"),
    ("phase_worst_m_s", "float", "m / s", "the same at the worst phase"),
    ("phases_within_budget", "float", "", "share of the phases within the search's budget"),
    ("assisted", "str", "", "yes: the arc passes Earth or Moon, where the model is not valid"),
    ("free", "str", "", "yes: below 20 m/s, which is free within the model"),
    ("unconfirmed", "str", "", "why no three-body arc confirms the two-body delta-v; or empty"),
)

RANKING = Schema(
    "ranking",
    ("designation",),
    (
        Column("designation", "str", "", "asteroid, as in the catalogue"),
        Column("name", "str", "", "IAU name, empty where there is none"),
        Column("H_mag", "float", "mag", "absolute magnitude", nullable=True),
        Column("fidelity", "str", "", "rung on which it is ranked; mixed where the kinds differ"),
        Column("asteroid_model", "str", "", "how the asteroid was moved: kepler or n-body"),
        *(
            Column(f"{kind}_{name}", dtype, unit, f"{kind}: {text}", nullable)  # type: ignore[arg-type]
            for kind in ("flyby", "rendezvous")
            for name, dtype, unit, text, nullable in _BEST
        ),
        *(
            Column(f"{kind}_{name}", dtype, unit, f"{kind}: {text}", nullable=True, optional=True)
            for kind in ("flyby", "rendezvous")
            for name, dtype, unit, text in (*_BESIDE, *_THREE_BODY)
        ),
        Column("flags", "str", "", "reasons for caution, separated by '; '"),
    ),
)
