"""Evaluation of Chebyshev records against numpy's own series."""

import numpy as np
import pytest
from numpy.polynomial import Chebyshev

from survey.astro.chebyshev import evaluate_chebyshev


@pytest.mark.parametrize("terms", [1, 2, 3, 14])
def test_against_numpy(terms):
    rng = np.random.default_rng(terms)
    coefficients = rng.normal(size=(5, terms, 3))
    times = np.concatenate([rng.uniform(100, 150, 40), [100.0, 110.0, 150.0]]).reshape(43, 1)
    value, rate = evaluate_chebyshev(coefficients, 100.0, 10.0, times)
    assert value.shape == rate.shape == (43, 1, 3)
    for k, t in enumerate(times.ravel()):
        record = min(int((t - 100) // 10), 4)
        for axis in range(3):
            series = Chebyshev(
                coefficients[record, :, axis], domain=[100 + 10 * record, 110 + 10 * record]
            )
            assert value[k, 0, axis] == pytest.approx(series(t), abs=1e-14 * terms**2)
            assert rate[k, 0, axis] == pytest.approx(series.deriv()(t), abs=1e-14 * terms**3)
