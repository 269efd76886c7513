"""One small file of each format, with three asteroids and known elements."""

from __future__ import annotations

import json

# Elements of the Minor Planet Center at JD 2459403.5 TT, as printed there.
EROS = {
    "epoch": 2459403.5, "a_au": 1.4581342, "e": 0.2229062, "i_deg": 10.83048,
    "node_deg": 304.29885, "argperi_deg": 178.86382, "mean_anomaly_deg": 136.68800,
}  # fmt: skip
KAMO = {
    "epoch": 2459403.5, "a_au": 1.0013097, "e": 0.1031008, "i_deg": 7.78768, "node_deg": 66.06188,
    "argperi_deg": 305.85149, "mean_anomaly_deg": 273.17089,
}  # fmt: skip
# The third has no number; elements of the Center at its own epoch, JD 2458666.5 TT.
RH120 = {
    "epoch": 2458666.5, "a_au": 1.0331579, "e": 0.0245252, "i_deg": 0.59482, "node_deg": 51.17974,
    "argperi_deg": 177.14, "mean_anomaly_deg": 20.5,
}  # fmt: skip
ORBITS = {"433": EROS, "469219": KAMO, "2006 RH120": RH120}

# The gaussian gravitational constant k in deg/d: an independent source of the mean motion.
GAUSS_DEG = 0.985607668601425


def mpc_line(packed: str, readable: str, orbit: dict[str, float], **fields: str) -> str:
    """One line in the 202 columns of MPCORB.DAT, written from the Center's description."""
    epoch = {2459403.5: "K2178", 2458666.5: "K1972"}[orbit["epoch"]]
    n = GAUSS_DEG * orbit["a_au"] ** -1.5
    parts = {
        1: f"{packed:<7}", 9: "10.42", 15: " 0.15", 21: epoch,
        27: f"{orbit['mean_anomaly_deg']:9.5f}", 38: f"{orbit['argperi_deg']:9.5f}",
        49: f"{orbit['node_deg']:9.5f}", 60: f"{orbit['i_deg']:9.5f}", 71: f"{orbit['e']:9.7f}",
        81: f"{n:11.8f}", 93: f"{orbit['a_au']:11.7f}", 106: "0", 108: "MPO467611", 118: " 8406",
        124: " 52", 128: "1893-2019", 138: "0.69", 143: "M-v", 147: "38h", 151: "MPCLINUX",
        162: "1804", 167: readable, 195: "20190509",
    }  # fmt: skip
    line = [" "] * 202
    for column, text in (parts | {int(key[1:]): text for key, text in fields.items()}).items():
        line[column - 1 : column - 1 + len(text)] = text
    return "".join(line)


MPC_LINES = "\n".join(
    [
        mpc_line("00433", "   (433) Eros", EROS),
        mpc_line("k9219", "(469219) Kamoʻoalewa", KAMO),
        mpc_line("K06RC0H", "         2006 RH120", RH120, c128="   4 days", c106="3"),
        "",
    ]
)
MPCORB = (
    "MINOR PLANET CENTER ORBIT DATABASE (MPCORB)\n\nThis file contains orbital elements.\n"
    "\nDes'n     H     G   Epoch     M        Peri.      Node       Incl.       e            n\n"
    + "-" * 160 + "\n" + MPC_LINES.replace("\n", "\n\n", 1)
)  # fmt: skip


def _extended(designation: str, orbit: dict[str, float]) -> dict[str, object]:
    about = {
        "433": {"Number": "(433)", "Name": "Eros", "Principal_desig": "A898 PA"},
        "469219": {"Number": "(469219)", "Name": "Kamo`oalewa", "Principal_desig": "2016 HO3"},
    }.get(designation, {"Principal_desig": designation, "Arc_length": 4})
    a, e = orbit["a_au"], orbit["e"]
    return {
        **about, "H": 10.42, "G": 0.15, "U": "0", "Epoch": orbit["epoch"],
        "M": orbit["mean_anomaly_deg"], "Peri": orbit["argperi_deg"], "Node": orbit["node_deg"],
        "i": orbit["i_deg"], "e": e, "n": round(GAUSS_DEG * a**-1.5, 8), "a": a, "Num_opps": 5,
        "Perihelion_dist": round(a * (1 - e), 7), "Orbit_type": "Amor",
    }  # fmt: skip


NEA_EXTENDED = json.dumps([_extended(*item) for item in ORBITS.items()], indent=0)

SBDB_FIELDS = [
    "full_name", "pdes", "name", "H", "G", "diameter", "albedo", "condition_code", "data_arc",
    "epoch", "e", "a", "q", "i", "om", "w", "ma",
]  # fmt: skip
_ABOUT = {
    "433": ("   433 Eros (A898 PA)", "433", "Eros", "10.4", "0.46", "16.84", "0.25", "0", "46330"),
    "469219": (
        "469219 Kamo`oalewa (2016 HO3)", "469219", "Kamo`oalewa", "24.3", None, None, None, "1",
        "6266",
    ),
    "2006 RH120": ("       (2006 RH120)", "2006 RH120", None, None, None, None, None, "E", None),
}  # fmt: skip


def sbdb_rows() -> list[list[str | None]]:
    """Rows of the SBDB Query API: all text, with a bare leading point, null where unknown."""
    names = ("e", "a_au", "q_au", "i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg")
    rows: list[list[str | None]] = []
    for designation, orbit in ORBITS.items():
        values = orbit | {"q_au": round(orbit["a_au"] * (1 - orbit["e"]), 8)}
        numbers = [repr(values[name]).removeprefix("0") for name in names]
        rows.append([*_ABOUT[designation], repr(orbit["epoch"]), *numbers])
    return rows


SBDB_JSON = json.dumps(
    {
        "signature": {"source": "NASA/JPL SBDB (Small-Body DataBase) Query API", "version": "1.0"},
        "fields": SBDB_FIELDS, "data": sbdb_rows(), "count": "3",
    }
)  # fmt: skip
SBDB_CSV = "\n".join(
    [",".join(SBDB_FIELDS), *(",".join(value or "" for value in row) for row in sbdb_rows()), ""]
)
SBDB_QUOTED = "\r\n".join(
    [
        ",".join(f'"{field}"' for field in SBDB_FIELDS),
        *(",".join(f'"{value or ""}"' for value in row) for row in sbdb_rows()),
        "",
    ]
)

_OEF_ORDER = ("a_au", "e", "i_deg", "node_deg", "argperi_deg", "mean_anomaly_deg")
OEF_MANY = (
    "format  = 'OEF2.0'       ! file format\nrectype = '1L'           ! record type (1L/ML)\n"
    "elem    = 'KEP'          ! type of orbital elements\n"
    "refsys  = ECLM J2000     ! default reference system\nEND_OF_HEADER\n"
    "! Name, Epoch(MJD), a, e, i, long. node, arg. peric., mean anomaly, H, G, non-grav. (0=no)\n"
) + "".join(
    f"'{designation.replace(' ', '')}'".ljust(12)
    + f"  {orbit['epoch'] - 2400000.5:.6f} "
    + " ".join(f"{orbit[name]:.16E}" for name in _OEF_ORDER)
    + "  10.420  0.150   0\n"
    for designation, orbit in ORBITS.items()
)
OEF_ONE = (
    "format  = 'OEF2.0'       ! file format\nrectype = 'ML'           ! record type (1L/ML)\n"
    "refsys  = ECLM J2000     ! default reference system\nEND_OF_HEADER\n433\n"
    "! Keplerian elements: a, e, i, long. node, arg. peric., mean anomaly\n KEP  "
    + " ".join(f"{EROS[name]:.16E}" for name in _OEF_ORDER)
    + "\n MJD     59403.000000000 TDT\n MAG  10.420  0.150\n LSP   0  0    6\n"
    " COV   4.912541443028979E-20 -3.617079151338473E-19  9.975428612691631E-19\n"
)

PLAIN = (
    "number,name,designation,epoch_jd_tt,a_au,e,i_deg,node_deg,argperi_deg,mean_anomaly_deg,H_mag,"
    "G,U,arc_years,n_opp\n"
) + "".join(
    f"{about},{','.join(repr(value) for value in orbit.values())},10.42,0.15,0,{arc},5\n"
    for about, arc, orbit in (
        ("433,Eros,A898 PA", "1893-2021", EROS),
        ("469219,Kamoʻoalewa,2016 HO3", "2004-2018", KAMO),
        (",,2006 RH120", "4", RH120),
    )
)

SAMPLES = {
    "NEA.txt": MPC_LINES,
    "MPCORB.DAT": MPCORB,
    "nea_extended.json": NEA_EXTENDED,
    "sbdb.csv": SBDB_CSV,
    "sbdb_quoted.csv": SBDB_QUOTED,
    "sbdb.json": SBDB_JSON,
    "neodys.cat": OEF_MANY,
    "433.ke1": OEF_ONE,
    "plain.csv": PLAIN,
}
