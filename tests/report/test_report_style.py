"""Colours that survive grey and colour-blind eyes; dates that land on the right day."""

from __future__ import annotations

import matplotlib.dates as mdates
import numpy as np
import pytest
from astropy.time import Time

from survey.report import dates
from survey.report.colours import ramp


def lightness(rgb):
    """CIE L* of sRGB colours, from the definition of the standard (IEC 61966-2-1, CIE 15)."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 216 / 24389, 116 * np.cbrt(y) - 16, y * 24389 / 27)


def test_the_ramp_is_even_in_lightness():
    steps = np.diff(lightness(ramp()(np.linspace(0, 1, 12))[:, :3]))
    assert np.all(steps > 0)
    assert steps.max() / steps.min() < 1.5


# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB: protanopia, deuteranopia.
DEFICIENCIES = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
               [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
               [-0.011820, 0.042940, 0.968881]],
}  # fmt: skip


@pytest.mark.parametrize("eye", DEFICIENCIES)
def test_neighbouring_levels_differ_for_every_eye(eye):
    rgb = ramp()(np.linspace(0, 1, 11))[:, :3]
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(DEFICIENCIES[eye]).T, 0, 1)
    y = seen @ [0.2126, 0.7152, 0.0722]
    steps = np.diff(116 * np.cbrt(y) - 16)
    assert steps.min() > 3.0  # about three just noticeable differences


@pytest.mark.parametrize("day", ["2027-01-01", "2028-02-29", "2036-12-31"])
def test_midnight_utc_stays_on_its_day(day):
    moment = Time(day, scale="utc").tdb.jd
    number = float(dates.date_numbers(moment))
    assert number == mdates.datestr2num(day)
    assert dates.number_to_iso(number) == day


def test_arrival_dates_are_first_days_and_few():
    first, last = (mdates.datestr2num(day) for day in ("2027-03-15", "2039-01-02"))
    days, pattern = dates.arrival_lines(first, last)
    assert [mdates.num2date(d).strftime("%Y-%m-%d") for d in days] == [
        f"{year}-01-01" for year in range(2028, 2040)
    ]
    assert pattern == "%Y"
    days, pattern = dates.arrival_lines(first, first + 200)
    assert [mdates.num2date(d).strftime(pattern) for d in days][:2] == ["2027-04", "2027-05"]
