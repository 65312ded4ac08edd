"""The search spaces of the examples."""

import sys
from itertools import islice
from pathlib import Path

import pytest

import keras_cnnstats as cnnstats

sys.path.insert(0, str(Path(__file__).parents[2] / "examples"))
import nas_bench_201 as nas

CONVOLUTIONS = ("nor_conv_3x3",) * 6


@pytest.fixture(scope="module")
def cells():
    return list(nas.cells())


def test_as_many_as_nas_bench_201_has(cells):
    assert len(set(cells)) == 15_625
    assert len({nas.unique_string(cell) for cell in cells}) == 6_466
    assert len({nas.name_of(cell) for cell in cells}) == 15_625


def work(cell):
    """The convolutions and poolings that reach the output, counted without the reduction that is tested."""
    live, zero = set(), {0: False}
    for y in (1, 2, 3):
        edges = [(x, kind) for (x, to), kind in zip(nas.EDGES, cell, strict=True) if to == y]
        zero[y] = all(kind == "none" or zero[x] for x, kind in edges)
    needed = [3]
    for y in (3, 2, 1):
        if y in needed and not zero[y]:
            for (x, to), kind in zip(nas.EDGES, cell, strict=True):
                if to == y and kind != "none" and not zero[x]:
                    live.add((x, y, kind))
                    needed.append(x)
    return tuple(sorted(kind for _, _, kind in live if kind != "skip_connect"))


def test_networks_that_are_equal_cost_the_same(cells):
    found = {}
    for cell in cells:
        found.setdefault(nas.network_of(cell), set()).add(work(cell))
    assert len(found) == 6_985
    assert all(len(costs) == 1 for costs in found.values())


def test_the_strings_of_nas_bench_201_are_no_key_to_costs(cells):
    found = {}
    for cell in cells:
        found.setdefault(nas.unique_string(cell), set()).add(work(cell))
    assert sum(len(costs) > 1 for costs in found.values()) == 644


@pytest.mark.parametrize("count", [0, 1, 2])
def test_the_published_cost_of_the_largest_cell(count):
    cell = (*CONVOLUTIONS[count:], *["none"] * count)
    report = cnnstats.analyze(nas.build(cell))
    if not count:
        # The file of the benchmark says 1.531546 M parameters and 220.11968 M.
        assert (report.totals.trainable_params, report.totals.macs) == (1_531_546, 220_119_680)
    rows = [row for row in report.rows if row.type == "Conv2D"]
    assert len(rows) == 1 + 2 * 3 + 15 * len(work(cell))


EDGE_CASES = {
    "nothing": (("none",) * 6, ((),)),
    "identity": (("none", "none", "none", "skip_connect", "none", "none"), ()),
    "identity, by way of another node": (("skip_connect", "none", "none", "none", "skip_connect", "none"), ()),
    "a dead end": (("nor_conv_3x3", "none", "none", "none", "none", "none"), ((),)),
    "one convolution": (("none", "none", "none", "nor_conv_1x1", "none", "none"), (((0, "nor_conv_1x1"),),)),
    "one convolution, of another node": (
        ("skip_connect", "none", "none", "none", "nor_conv_1x1", "none"),
        (((0, "nor_conv_1x1"),),),
    ),
    "an input twice": (
        ("skip_connect", "none", "none", "skip_connect", "skip_connect", "none"),
        (((0, "skip_connect"), (0, "skip_connect")),),
    ),
}


@pytest.mark.parametrize("case", EDGE_CASES)
def test_network_of_a_cell(case):
    cell, network = EDGE_CASES[case]
    assert nas.network_of(cell) == network
    report = cnnstats.analyze(nas.build(cell))
    assert not report.totals.unknown_rows
    assert not [item for item in report.disagreements if not item.explained]


def test_a_sample_is_always_the_same():
    assert list(nas.nas_bench_201(5)) == list(nas.nas_bench_201(5)) != list(nas.nas_bench_201(5, seed=1))


def test_equal_cells_are_built_once(cells):
    same = [cell for cell in cells if nas.network_of(cell) == nas.network_of(("none",) * 5 + ("skip_connect",))]
    space = [(nas.name_of(cell), nas.build, {"cell": cell}) for cell in same[:20]]
    frame = cnnstats.sweep(space, processes=0, key=nas.key)
    assert (frame["same_as"] == "").sum() == 1
    assert frame["macs"].nunique() == 1


def test_the_space_of_mobile_networks():
    space = list(nas.mobile_space())
    assert len({name for name, _, _ in space}) == 100
    frame = cnnstats.sweep(islice(space, 0, 100, 33), processes=0)
    assert frame["error"].to_list() == [""] * 4
    assert frame["flops"].is_monotonic_increasing
