"""Fitted polynomials of the Lambert solver: facts, made by ``survey/data/fit_lambert.py``.

Three variables carry the fits. ``s = lambda / (1 + sqrt(1 - lambda^2))`` removes the square-root
ends of every function of lambda; ``T / (T + 2)`` maps the time of flight of a direct arc to (0, 1);
``q = +-sqrt(1 - T_min / T)`` runs smoothly from the left branch of a multi-revolution curve,
through its minimum, to the right one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from survey.astro.compiling import inlined

# (scale, shift) of the map of s onto [-1, 1] for lambda in (-0.9995, 0.98).
_S_SCALE, _S_SHIFT = 1.1196859698722215, 0.08482522942169277
_TAU_SCALE = 2.1333333333333333  # maps T/(T + 2) of T in (0, 30) onto (-1, 1)
# Beyond these the guess is poor, digits cancel, or the arc is sensitive.
DIRECT_T_MIN, DIRECT_T_MAX, MULTI_T_MAX = 0.02, 20.0, 25.0
MULTI_REVS_FITTED = 3
LEAST_TIME_ERROR = 5e-5

# fmt: off
# B(4 s (1 - s)) on (-0.5095, 0.1464), B(S) = (arcsin(sqrt S)/sqrt S - 1)/S, powers ascending;
# error 6e-18.
_B = (
    0.16666666666666666, 0.29999999999999966, 0.41428571428571026, 0.5158730158733325,
    0.6082251082282112, 0.6934731933930173, 0.773038072123965, 0.8479226725161458,
    0.9188660826959072, 0.9864310098774515, 1.0510516637111371, 1.1130706632675282,
    1.1729505246483738, 1.2318607063874527, 1.2900553943281745, 1.3332810376682032,
    1.3051683988002463, 1.113902969694093, 0.7365189943303634, 0.3208660475960129,
    0.06715861050867447,
)

# x T/(T + 2) of a direct arc in powers of (T-map, s-map), total degree 5, those of the second
# running within those of the first. The error of x is below 0.16 of the smaller of 1 + x and 1 on
# ellipses, of (1 + x)/2 on hyperbolas.
_START_0 = (
    -0.011494922365327766, -0.04326398724340463, 0.0483724144329339, -0.4663704167091956,
    0.002405754925085987, 0.26338271760830734, -0.6597612755461293, 0.350770766714403,
    -0.10314586521867096, -0.026710776343545645, 0.0023042274148190774, -0.1062238923825386,
    -0.11949384401724422, -0.0943974301844103, 0.16796364944402056, -0.05548549096879531,
    -0.09224053755786445, 0.14589471698208603, -0.020273571446681182, -0.01718887666698471,
    0.025356333897767952,
)

# x of an arc with 1, 2, 3 revolutions in powers of (q, s-map). Its error is below 0.15 of its
# distance from -1, from 1, or from the minimum of T(x) plus 0.03, whichever is least.
_START_1 = (
    0.1449914805347694, 0.022224562598488373, 0.0134112628491414, -0.10719180663259004,
    0.014140478606847046, 0.024028973861423154, 0.8040508051022538, -0.04523008745375075,
    -0.00030334510831330624, -0.04241650657567386, -0.05723509893586468,
    -0.22232555841136548, 0.18387498269166036, -0.025434474844548333, 0.12756836141711217,
    0.21363389356306112, 0.06187749684513929, 0.07502475450576333, 0.10641444242131284,
    -0.26938673399293367, -0.10223441311002945,
)
_START_2 = (
    0.08599750527684541, 0.012659816150686669, -0.0022924922982040063, -0.03142826030496469,
    0.022867873534316185, -0.021504758342147358, 0.7633724326952271, -0.09792937674884356,
    0.0600763682934758, -0.027553304725697374, -0.020061173895605633, -0.1332051237723384,
    0.2491610027532002, -0.0029185792862738364, 0.11884989369569994, 0.19026799079847853,
    0.12450735141335162, -0.0686480115294496, 0.07432622657107706, -0.41164045467815896,
    -0.010674063197918835,
)
_START_3 = (
    0.06239004896738849, -0.00021287684231059006, -0.013267443414697856,
    0.014120634235857021, 0.0288155692159267, -0.04208548555915257, 0.7805899516979129,
    -0.07904173490591379, 0.07994306025315329, -0.01889045421585824, 0.004724848880214598,
    -0.11556459024820326, 0.18892933739740364, -0.004700521656291914, 0.10629232945202227,
    0.08618546334307559, 0.10291886225233322, -0.13287899601816902, 0.09285030270606251,
    -0.3779185542275575, 0.10021389799453101,
)

# T_min of 1, 2, 3 revolutions in powers of the s-map.
_T_MIN_1 = (
    4.569004968588473, -0.08076487174530456, 0.9283979774094461, -3.406398989487049,
    -2.119796447256573, 4.552413780245942, 2.7251345696663805, -4.223680816590612,
    -2.0777747394032615, 2.7706446630554007, 0.5591367076464246, -0.8074832423812779,
    0.04396769873463089,
)
_T_MIN_2 = (
    7.770624359993994, -0.08046313229551993, 0.9230095512523683, -3.4130231467538015,
    -2.0263640726573033, 4.484382871514056, 2.402329691371714, -3.9999446058958386,
    -1.544648288275638, 2.2505377892977574, 0.36077210711622604, -0.4997474438422072,
    -0.017805071219137398,
)
_T_MIN_3 = (
    10.936982539635205, -0.08206861911246477, 0.9282985478585479, -3.372584217056171,
    -2.103219372415943, 4.18027625808312, 2.862945710538876, -3.173376274431221,
    -2.692665697340496, 1.2489035444109517, 1.660722703426622, -0.08765062774228653,
    -0.5383059164037628,
)
# fmt: on

_START_MULTI: NDArray[np.float64] = np.array((_START_1, _START_2, _START_3))
_T_MIN: NDArray[np.float64] = np.array((_T_MIN_1, _T_MIN_2, _T_MIN_3))


@inlined
def smooth_part(s: float) -> float:
    """B(S) for S = 4 s (1 - s), s being the S of the half angle.

    By Estrin's scheme: short dependency chains keep the SIMD lanes busy.
    """
    b = _B
    s2 = s * s
    s4 = s2 * s2
    s8 = s4 * s4
    low = ((b[0] + b[1] * s) + (b[2] + b[3] * s) * s2) + (
        (b[4] + b[5] * s) + (b[6] + b[7] * s) * s2
    ) * s4
    middle = ((b[8] + b[9] * s) + (b[10] + b[11] * s) * s2) + (
        (b[12] + b[13] * s) + (b[14] + b[15] * s) * s2
    ) * s4
    high = ((b[16] + b[17] * s) + (b[18] + b[19] * s) * s2) + b[20] * s4
    return low + (middle + high * s8) * s8


@inlined
def s_map(lam: float, q: float) -> float:
    """Second variable of the fits, within [-1, 1] where they hold; q = 1 - lambda^2."""
    return lam / (1.0 + math.sqrt(q)) * _S_SCALE + _S_SHIFT


@inlined
def _surface(c: Sequence[float] | NDArray[np.float64], t: float, s: float) -> float:
    """Polynomial of total degree 5 in (t, s), Horner in both."""
    r0 = ((((c[5] * s + c[4]) * s + c[3]) * s + c[2]) * s + c[1]) * s + c[0]
    r1 = (((c[10] * s + c[9]) * s + c[8]) * s + c[7]) * s + c[6]
    r2 = ((c[14] * s + c[13]) * s + c[12]) * s + c[11]
    r3 = (c[17] * s + c[16]) * s + c[15]
    r4 = c[19] * s + c[18]
    return ((((c[20] * t + r4) * t + r3) * t + r2) * t + r1) * t + r0


@inlined
def guess_direct(time: float, s: float) -> float:
    """Guess x of an arc without full revolutions."""
    longer = time + 2.0
    return _surface(_START_0, time / longer * _TAU_SCALE - 1.0, s) * (longer / time)


@inlined
def guess_multi(revs: int, q: float, s: float) -> float:
    """Guess x of an arc of 1 to 3 revolutions; q > 0 on the low path, q < 0 on the high."""
    return _surface(_START_MULTI[revs - 1], q, s)


@inlined
def least_time(revs: int, s: float) -> float:
    """T_min for 1 to 3 revolutions, good to `LEAST_TIME_ERROR`, relative, for s in (-1, 1)."""
    c = _T_MIN[revs - 1]
    s2 = s * s
    s4 = s2 * s2
    low = (c[0] + c[1] * s) + (c[2] + c[3] * s) * s2
    middle = (c[4] + c[5] * s) + (c[6] + c[7] * s) * s2
    high = (c[8] + c[9] * s) + (c[10] + c[11] * s) * s2 + c[12] * s4
    return float(low + (middle + high * s4) * s4)
