"""The figure of delta-v against phase: it shows what it is given, and says what it cannot show."""

from __future__ import annotations

import astropy.units as u
import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from survey.report.phases import plot_phase_costs


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    plt.close("all")


def test_draws_each_curve_and_leaves_a_gap_where_there_is_no_arc():
    costs = {"northern": [10.0, np.inf, 30.0, 40.0], "southern": np.arange(36.0)}
    ax = plot_phase_costs(costs)
    drawn = {patch.get_gid(): patch.get_data() for patch in ax.patches if patch.get_gid()}
    assert list(drawn) == ["northern", "southern"]
    np.testing.assert_array_equal(drawn["northern"].values, [10.0, np.nan, 30.0, 40.0])
    np.testing.assert_array_equal(drawn["northern"].edges, [0.0, 0.25, 0.5, 0.75, 1.0])
    assert ax.get_ylim()[1] > 40.0
    assert [text.get_text() for text in ax.get_legend().get_texts()] == list(costs)


def test_marks_a_delta_v_in_any_unit_and_makes_room_for_it():
    ax = plot_phase_costs({"halo": [1.0, 2.0]}, marked=0.0973 * u.km / u.s, label="published")
    assert ax.lines[0].get_ydata()[0] == pytest.approx(97.3)
    assert ax.get_ylim()[1] > 97.3
    assert "published" in [text.get_text() for text in ax.texts]


def test_leaves_the_settings_of_matplotlib_alone():
    before = mpl.rcParams.copy()
    plot_phase_costs({"halo": [1.0, 2.0]})
    assert mpl.rcParams == before


@pytest.mark.parametrize(
    ("costs", "said"),
    [
        ({}, "0 curves were given"),
        ({str(n): [1.0, 2.0] for n in range(5)}, "5 curves were given"),
        ({"halo": [1.0]}, r"the costs of 'halo' have shape \(1,\)"),
        ({"halo": [[1.0, 2.0]]}, r"the costs of 'halo' have shape \(1, 2\)"),
    ],
)
def test_refuses_what_it_cannot_draw(costs, said):
    with pytest.raises(ValueError, match=said):
        plot_phase_costs(costs)
