"""Packed designations and dates: the Center's own examples, and there and back again."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from survey.catalog.names import canonical_designation
from survey.catalog.packed import (
    pack_designation,
    pack_epoch,
    unpack_designation,
    unpack_epoch,
)

# The examples printed in the Center's description of packed designations [MPCPacked].
PRINTED = {
    "J95X00A": "1995 XA", "J95X01L": "1995 XL1", "J95F13B": "1995 FB13", "J98SA8Q": "1998 SQ108",
    "J98SC7V": "1998 SV127", "J98SG2S": "1998 SS162", "K99AJ3Z": "2099 AZ193",
    "K08Aa0A": "2008 AA360", "K07Tf8A": "2007 TA418",
    "PLS2040": "2040 P-L", "T1S3138": "3138 T-1", "T2S1010": "1010 T-2", "T3S4101": "4101 T-3",
    "03202": "3202", "50000": "50000", "A0345": "100345", "a0017": "360017", "K3289": "203289",
    "~0000": "620000", "~000z": "620061", "~AZaz": "3140113", "~zzzz": "15396335",
    "_QC0000": "2026 CA620", "_QC0aEM": "2026 CZ6190", "_QCzzzz": "2026 CL591673",
    "K16H03O": "2016 HO3", "I98P00A": "A898 PA",
}  # fmt: skip

# Printed in the same description: dates and their packed forms.
DATES = {
    "J9611": 2450083.5, "J961A": 2450092.5, "J969U": 2450356.5, "J969V": None, "J96A1": 2450357.5,
    "K01AM": 2452204.5, "K1972": 2458666.5, "J9611 ": None, "K19BV": None, "K1900": None,
    "K192T": None, "K202T": 2458908.5, "L0011": None, "20200": None, "": None, "K19": None,
}  # fmt: skip

years = st.integers(1925, 2099).map(str) | st.integers(800, 924).map(lambda year: f"A{year}")
halves = st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXY")
letters = st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXYZ")
short = st.builds(
    lambda year, half, letter, cycle: f"{year} {half}{letter}{cycle or ''}",
    years, halves, letters, st.integers(0, 619),
)  # fmt: skip
long = st.builds(
    lambda year, half, letter, cycle: f"{year} {half}{letter}{cycle}",
    st.integers(2000, 2061), halves, letters, st.integers(620, 591_672),
)  # fmt: skip
surveys = st.builds(
    lambda number, survey: f"{number:04d} {survey}",
    st.integers(0, 9999), st.sampled_from(["P-L", "T-1", "T-2", "T-3"]),
)  # fmt: skip
numbers = st.integers(1, 15_396_335).map(str)


@pytest.mark.parametrize(("packed", "readable"), PRINTED.items())
def test_printed_examples(packed: str, readable: str) -> None:
    assert unpack_designation(packed) == readable
    assert unpack_designation(f"{packed}  ") == readable
    assert pack_designation(readable) == packed


@given(numbers | short | long | surveys)
def test_every_designation_survives_packing(designation: str) -> None:
    packed = pack_designation(designation)
    assert len(packed) == (5 if designation.isdigit() else 7)
    assert unpack_designation(packed) == designation
    assert canonical_designation(designation) == designation


@given(st.text(string.ascii_letters + string.digits + "~_ ", min_size=5, max_size=7))
def test_what_unpacks_packs_to_the_same(text: str) -> None:
    try:
        designation = unpack_designation(text)
    except ValueError as error:
        assert "is not a packed designation" in str(error)
    else:
        assert pack_designation(designation) == text.strip()


@pytest.mark.parametrize(
    "packed",
    ["", "433", "00000", "K16H03", "K16I03O", "K16H03I", "K16Z03O", "K16Ha", "L16H03O", "PLS204",
     "PLSA040", "T4S1000", "_QI0000", "~00 0", "CJ95O010", "0001P", "J94P010", "J94P01b", "é0433",
     "٠0433"],
)  # fmt: skip
def test_other_text_is_refused(packed: str) -> None:
    with pytest.raises(ValueError, match="is not a packed designation"):
        unpack_designation(packed)


@pytest.mark.parametrize(
    "designation",
    ["", "0", "0433", "-5", "15396336", "1898 PA", "2016 HI3", "2016 HO0", "2100 AA", "A925 AA",
     "2016ho3", "1999 AA620", "2026 CM591673", "٤٣٣"],
)  # fmt: skip
def test_what_has_no_packed_form_is_refused(designation: str) -> None:
    with pytest.raises(ValueError, match="cannot be packed"):
        pack_designation(designation)


@pytest.mark.parametrize(("packed", "jd"), DATES.items())
def test_dates(packed: str, jd: float | None) -> None:
    if jd is None:
        with pytest.raises(ValueError, match="is not a packed date"):
            unpack_epoch(packed)
    else:
        assert unpack_epoch(packed) == jd
        assert pack_epoch(jd) == packed


# 1800 January 1 and 2099 December 31.
@given(st.integers(2_378_496, 2_488_068).map(lambda day: day + 0.5))
def test_every_day_survives_packing(jd: float) -> None:
    assert unpack_epoch(pack_epoch(jd)) == jd


@given(st.text(max_size=6) | st.text("IJK0123456789ABCV", min_size=5, max_size=5))
def test_a_date_is_read_or_refused(text: str) -> None:
    try:
        jd = unpack_epoch(text)
    except ValueError as error:
        assert "is not a packed date" in str(error)
    else:
        assert pack_epoch(jd) == text


@pytest.mark.parametrize("jd", [2458666.0, 2378495.5, 2488069.5, 0.0, 1e9, float("inf")])
def test_a_day_that_has_no_packed_form(jd: float) -> None:
    with pytest.raises(ValueError, match="has no packed form"):
        pack_epoch(jd)


def test_julian_dates_agree_with_astropy() -> None:
    from astropy.time import Time

    for packed, calendar in (("K1972", "2019-07-02"), ("I98CV", "1898-12-31")):
        assert unpack_epoch(packed) == Time(calendar, scale="tt").jd
