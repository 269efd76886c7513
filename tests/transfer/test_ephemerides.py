"""The cache of asteroid ephemerides: kept, found again, renewed, distrusted, done without."""

import os
import pickle
import warnings
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from survey.astro.nbody import INTEGRATED, OUTSIDE, UNBOUND
from survey.transfer.ephemerides import (
    build_ephemerides,
    check_span,
    default_cache,
    integrate_rows,
    laws_of,
    model_key,
    valid_span,
)
from survey.transfer.targets import element_array, kepler_states

SPAN = 2_461_406.5, 2_463_232.5  # 2027-01-01 to 2032-01-01
JD = np.linspace(*SPAN, 40)


@pytest.fixture
def states(few):
    return integrate_rows(element_array(few), laws_of(few), *SPAN).states(JD)


def test_shapes_and_frame(few, states):
    r, v = states
    assert r.shape == v.shape == (len(few), 40, 3)
    quiet = few["designation"].isin(["433", "3200", "101955"]).to_numpy()
    radius = np.linalg.norm(r[quiet], axis=-1) / 149_597_870.7
    a, e = (few.loc[quiet, name].to_numpy()[:, None] for name in ("a_au", "e"))
    assert ((radius > a * (1 - e) * 0.99) & (radius < a * (1 + e) * 1.01)).all()


def test_the_epoch_s_state_is_the_catalogue_s(few):
    elements = element_array(few)
    found = integrate_rows(elements, laws_of(few), elements[:, 6].min() - 1, SPAN[0])
    own = elements[:, 6:7]
    for ours, exact in zip(found.states(own), kepler_states(elements, own), strict=True):
        # The Julian date's last digit is 40 microseconds: 2 m.
        np.testing.assert_allclose(ours, exact, rtol=1e-9, atol=0.01)


def test_kept_and_found_again(few, states, tmp_path):
    first = build_ephemerides(few, *SPAN, cache=tmp_path)
    again = build_ephemerides(few, *SPAN, cache=tmp_path)
    assert (first.integrated, again.integrated) == (len(few), 0)
    for built in (first, again):
        np.testing.assert_allclose(built.chunk(range(len(few))).states(JD), states, atol=0.01)
    narrower = build_ephemerides(few, SPAN[0] + 50, SPAN[1] - 50, cache=tmp_path)
    assert narrower.integrated == 0  # spans are widened, so that runs share the cache


def test_only_what_changed_is_integrated(few, tmp_path):
    build_ephemerides(few, *SPAN, cache=tmp_path)
    changed = few.copy()
    changed.loc[2, "mean_anomaly_deg"] += 1e-6
    changed.loc[3, "H_mag"] += 0.1  # no part of the orbit
    seen = []
    built = build_ephemerides(
        changed, *SPAN, cache=tmp_path, progress=lambda done, total: seen.append((done, total))
    )
    assert built.integrated == 1
    assert seen == [(len(few) - 1, len(few)), (len(few), len(few))]
    pair = [
        build_ephemerides(x, *SPAN, cache=tmp_path).chunk([2]).states(JD)[0] for x in (few, changed)
    ]
    moved = np.linalg.norm(pair[0] - pair[1], axis=-1)
    assert 1.0 < moved.min() < moved.max() < 50_000.0
    shuffled = build_ephemerides(changed[::-1], *SPAN, cache=tmp_path)
    assert shuffled.integrated == 0
    np.testing.assert_array_equal(shuffled.chunk([len(few) - 3]).states(JD)[0], pair[1])


def test_a_push_is_another_orbit(few, tmp_path):
    pushed = few.assign(A2_au_d2=np.where(few["designation"] == "101955", -4.6e-14, np.nan))
    build_ephemerides(few, *SPAN, cache=tmp_path)
    assert build_ephemerides(pushed, *SPAN, cache=tmp_path).integrated == 1
    n = int(np.flatnonzero(few["designation"] == "101955")[0])
    one, two = (build_ephemerides(x, *SPAN).chunk([n]).states(JD)[0] for x in (few, pushed))
    # Bennu, about ten years after the epoch: 284 m a year in a [Farnocchia2021].
    assert 20.0 < np.linalg.norm(one - two, axis=-1).max() < 400.0


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "garbage", "header"])
def test_damage_is_noticed_and_repaired(few, states, tmp_path, harm):
    build_ephemerides(few, *SPAN, cache=tmp_path)
    (path,) = tmp_path.rglob("*.eph")
    data = bytearray(path.read_bytes())
    if harm == "flip":
        data[-2000] ^= 1
    elif harm == "cut":
        del data[-100:]
    elif harm == "empty":
        data.clear()
    elif harm == "header":
        data[30] ^= 255
    else:
        data[:] = os.urandom(5000)
    path.write_bytes(data)
    repaired = build_ephemerides(few, *SPAN, cache=tmp_path)
    assert repaired.integrated == (1 if harm == "flip" else len(few))
    np.testing.assert_allclose(repaired.chunk(range(len(few))).states(JD), states, atol=0.01)
    assert build_ephemerides(few, *SPAN, cache=tmp_path).integrated == 0


def test_force_model_and_span_have_their_own_folders(monkeypatch):
    import survey.transfer.ephemerides as module

    key = model_key(*SPAN)
    assert key != model_key(SPAN[0], SPAN[1] + 1024)
    monkeypatch.setattr(module, "MODEL", "sun alone")
    assert key != model_key(*SPAN)


@pytest.mark.parametrize("kind", ["file", "full", "read-only"])
def test_without_a_folder_to_write_to(few, states, tmp_path, monkeypatch, kind):
    """Warns once, and gives the same answer."""
    import survey.transfer.ephemeris_cache as module

    folder = tmp_path / "cache"
    if kind == "file":
        folder.write_text("in the way")
    else:
        real = Path.write_bytes

        def no_space(self, data):
            if folder in self.parents and kind == "full":
                raise OSError(28, "No space left on device")
            if folder in self.parents:  # who runs as root may write everywhere
                raise PermissionError(13, "Permission denied")
            return real(self, data)

        monkeypatch.setattr(module.Path, "write_bytes", no_space)
    monkeypatch.setattr("survey.transfer.ephemerides.BLOCK", 3)
    with pytest.warns(UserWarning, match="cannot be kept") as seen:
        built = build_ephemerides(few, *SPAN, cache=folder)
    assert len(seen) == 1 and built.integrated == len(few)
    np.testing.assert_allclose(built.chunk(range(len(few))).states(JD), states, atol=0.01)
    assert not list(tmp_path.rglob("*.part")) and not list(tmp_path.rglob("*.eph"))


def test_without_any_folder_at_all(few, states, monkeypatch):
    def nowhere(*args, **kwargs):
        raise OSError("no temporary folder")

    monkeypatch.setattr("survey.transfer.ephemeris_cache.tempfile.TemporaryDirectory", nowhere)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        built = build_ephemerides(few, *SPAN)
    np.testing.assert_allclose(built.chunk(range(len(few))).states(JD), states, atol=0.01)


def test_executors_give_the_same(few, states, tmp_path, monkeypatch):
    monkeypatch.setattr("survey.transfer.ephemerides.BLOCK", 2)
    with ThreadPoolExecutor(2) as threads, ProcessPoolExecutor(1) as processes:
        for executor in (threads, processes):
            built = build_ephemerides(few, *SPAN, executor=executor)
            np.testing.assert_allclose(built.chunk(range(len(few))).states(JD), states, atol=0.01)


def test_a_chunk_can_be_sent(few):
    chunk = build_ephemerides(few, *SPAN).chunk([4, 1])
    sent = pickle.loads(pickle.dumps(chunk))
    np.testing.assert_array_equal(sent.states(JD), chunk.states(JD))
    own = np.array([JD[:5], JD[5:10]])
    np.testing.assert_array_equal(sent.states(own)[0][1], chunk.states(JD[5:10])[0][1])


def test_bad_rows_are_told_apart_from_good_ones(few):
    bad = few.copy()
    bad.loc[0, "e"] = np.nan
    bad.loc[1, ["e", "a_au"]] = 1.2, -3.0
    bad.loc[2, "epoch_jd_tdb"] -= 36_525.0
    built = build_ephemerides(bad, *SPAN)
    assert built.status.tolist()[:4] == [UNBOUND, UNBOUND, OUTSIDE, INTEGRATED]
    r, _ = built.chunk(range(4)).states(JD)
    assert np.isnan(r[:3]).all() and np.isfinite(r[3]).all()
    assert np.isinf(built.hit_jd_tdb).all()


@pytest.mark.parametrize("span", [(2_443_560.5, SPAN[1]), (SPAN[0], 2_480_000.5), SPAN[::-1]])
def test_bad_spans_are_refused_with_the_valid_one(few, span):
    low, high = valid_span()
    for attempt in (lambda: build_ephemerides(few, *span), lambda: check_span(*span)):
        with pytest.raises(ValueError, match="1978-03-01") as error:
            attempt()
        assert str(low) in str(error.value) and str(high) in str(error.value)


def test_an_empty_catalogue(few):
    built = build_ephemerides(few.iloc[:0], *SPAN)
    assert len(built) == 0 and built.chunk([]).states(JD)[0].shape == (0, 40, 3)


def test_default_cache_is_the_user_s():
    assert default_cache().name == "asteroids" and "survey" in str(default_cache())


def test_passes(few):
    table = build_ephemerides(few, 2_461_406.5, 2_464_000.5).chunk(range(len(few))).passes
    apophis = int(np.flatnonzero(few["designation"] == "99942")[0])
    close = table[(table["asteroid"] == apophis) & (table["body"] == "earth")]
    nearest = close.loc[close["distance_km"].idxmin()]
    assert isinstance(table, pd.DataFrame)
    # 2029-04-13 21:46 UTC at 38,012 km from the centre, 7.42 km/s [CAD]; the elements of 2021
    # put it 300 km off.
    assert nearest["jd_tdb"] == pytest.approx(2_462_240.4078, abs=0.002)
    assert nearest["distance_km"] == pytest.approx(38_012.0, abs=1_500.0)
    assert nearest["speed_km_s"] == pytest.approx(7.42, abs=0.06)
