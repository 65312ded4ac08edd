"""The search space of MobileNetV3's kind: one of its networks worked out by hand, and a sweep of some."""

import sys
from itertools import product
from pathlib import Path

import pytest

import keras_cnnstats as cnnstats

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import mobilenet_space as space

SMALLEST = {"resolution": 96, "width": 0.35, "depth": 1, "kernel": 3, "expansion": 3, "squeezed": False}

BLOCKS = ((8, 24, 8, 48, 24), (8, 24, 16, 24, 12), (16, 48, 32, 12, 6), (32, 96, 40, 6, 6), (40, 120, 56, 6, 3))
"""Of that network: channels in front, inside and behind; rows in front and behind."""


def test_one_by_hand():
    totals = cnnstats.analyze(space.build(**SMALLEST)).totals
    macs, params = 48**2 * 27 * 8, 27 * 8 + 4 * 8
    for front, inside, behind, before, after in BLOCKS:
        macs += before**2 * front * inside + after**2 * 9 * inside + after**2 * inside * behind
        params += front * inside + 4 * inside + 9 * inside + 4 * inside + inside * behind + 4 * behind
    macs += 3**2 * 56 * 336 + 336 * 1280 + 1280 * 1000
    params += 56 * 336 + 4 * 336 + 336 * 1280 + 1280 + 1280 * 1000 + 1000
    assert (totals.macs, totals.params) == (macs, params)
    assert not totals.unknown_rows


GATES = {24: 2, 48: 1, 96: 1, 120: 1}
"""How many gates are of how many channels."""


def test_what_squeeze_and_excite_adds():
    gated = cnnstats.analyze(space.build(**{**SMALLEST, "squeezed": True})).totals
    plain = cnnstats.analyze(space.build(**SMALLEST)).totals
    assert gated.macs - plain.macs == sum(times * 2 * width * (width // 4) for width, times in GATES.items())
    assert gated.params - plain.params == sum(
        times * (2 * width * (width // 4) + width // 4 + width) for width, times in GATES.items()
    )


# (kernel - 1) times the jump in front of each depthwise convolution, behind a stem that sees 3.
FIELDS = {
    "one block a stage": ({}, 3 + 2 * (2 + 4 + 8 + 16 + 16)),
    "kernels of 5": ({"kernel": 5}, 3 + 4 * (2 + 4 + 8 + 16 + 16)),
    "two blocks a stage": ({"depth": 2}, 3 + 2 * (2 + 4 + 4 + 8 + 8 + 16 + 16 + 16 + 16 + 32)),
}


@pytest.mark.parametrize("case", FIELDS)
def test_receptive_fields(case):
    changes, field = FIELDS[case]
    report = cnnstats.analyze(space.build(**{**SMALLEST, **changes}))
    assert report.last_map.receptive_field == (field, field)
    assert report.last_map.stride_product == (32, 32)


def test_as_many_as_there_are_choices():
    names = [name for name, _, _ in space.mobilenet_space()]
    assert len(set(names)) == len(names) == 1620


def test_constraints_and_the_front():
    choices = [
        space.Choice(**{**SMALLEST, "width": width, "kernel": kernel, "squeezed": squeezed})
        for width, kernel, squeezed in product((0.35, 1.0), (3, 5), (False, True))
    ]
    models = [(choice.name, space.build, choice._asdict()) for choice in choices]
    everything = cnnstats.sweep(models, processes=0)
    assert everything["error"].to_list() == [""] * 8
    budget = int(everything["flops"].sort_values().iloc[4])
    kept = cnnstats.sweep(models, processes=0, max_flops=budget, min_receptive_field=96)
    # Of those that are narrow enough, the kernels of 3 see 95 pixels, unless a gate sees all.
    assert kept["name"].to_list() == ["96 w0.35 d1 k3 e3 se", "96 w0.35 d1 k5 e3", "96 w0.35 d1 k5 e3 se"]
    front = cnnstats.pareto(kept, minimise="flops", maximise="params")
    # Larger kernels cost more than gates, and bring fewer parameters.
    assert set(front["name"]) == {"96 w0.35 d1 k3 e3 se", "96 w0.35 d1 k5 e3 se"}
