"""Two search spaces as Keras builders: the 15,625 cells of NAS-Bench-201, and sizes of a MobileNetV3-like network.

A sample is swept, and the models that no other beats in both FLOPs and receptive field, or parameters, are printed and
drawn. The whole of NAS-Bench-201: `python examples/nas_bench_201.py --count 15625 --rows space.csv`, an hour on two
cores, which goes on where it stopped.

Source: Dong and Yang, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture Search", ICLR 2020.
"""

import argparse
import random
from collections.abc import Iterator, Sequence
from itertools import permutations, product
from pathlib import Path
from typing import Any

import keras_cnnstats as cnnstats

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))
"""The cell's edges from node to node, in the order in which the operations of a cell are given."""

STAGES, CELLS = (16, 32, 64), 5

Cell = tuple[str, ...]
Node = tuple[tuple[int, str], ...]


def cells() -> Iterator[Cell]:
    """Yields all cells: one of five operations on each of six edges."""
    return product(OPERATIONS, repeat=len(EDGES))


def name_of(cell: Cell) -> str:
    """Returns a cell as NAS-Bench-201 writes it.

    >>> name_of(("nor_conv_3x3", "none", "skip_connect", "none", "none", "avg_pool_3x3"))
    '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|'
    """
    ins = [[f"{operation}~{x}" for (x, to), operation in zip(EDGES, cell, strict=True) if to == y] for y in (1, 2, 3)]
    return "+".join(f"|{'|'.join(each)}|" for each in ins)


def unique_string(cell: Cell) -> str:
    """Returns the text by which NAS-Bench-201 tells architectures apart: there are 6,466.

    It writes each node out as a sum, and so takes a convolution whose result is used twice for two convolutions. Both
    may learn the same, but they do not cost the same: to count with, `network_of` is the key.
    """
    nodes = {0: "0"}
    for y in (1, 2, 3):
        terms = []
        for (x, to), operation in zip(EDGES, cell, strict=True):
            if to != y:
                continue
            if operation == "none" or nodes[x] == "#":
                terms.append("#")
            else:
                terms.append(nodes[x] if operation == "skip_connect" else f"({nodes[x]})@{operation}")
        nodes[y] = "+".join(sorted(terms))
    return nodes[3]


def network_of(cell: Cell) -> tuple[Node, ...]:
    """Returns the network that a cell is, whose nodes are what they read: equal for cells that cost the same.

    Edges that carry nothing are gone, and so are nodes that nobody reads and those that only pass on another; nodes
    that do not depend on each other stand in one order. No nodes are a cell that passes its input on, and one node that
    reads nothing is a cell that makes zeros.
    """
    same, reads = _alive(cell)
    if 3 not in same:
        return ((),)
    last = same[3]
    needed = _needed(last, reads)
    inner = [y for y in needed if y not in (0, last)]
    behind = [] if last == 0 else [last]
    orders = [order for order in permutations(inner) if _is_ordered(order, reads)]
    return min(_renamed([*order, *behind], reads) for order in orders)


def _alive(cell: Cell) -> tuple[dict[int, int], dict[int, Node]]:
    """For each node that is not zero the node that it is the same as, and what those of their own read."""
    same: dict[int, int] = {0: 0}
    reads: dict[int, Node] = {0: ()}
    for y in (1, 2, 3):
        edges = zip(EDGES, cell, strict=True)
        found = [(same[x], kind) for (x, to), kind in edges if to == y and kind != "none" and x in same]
        if len(found) == 1 and found[0][1] == "skip_connect":
            same[y] = found[0][0]
        elif found:
            same[y], reads[y] = y, tuple(sorted(found))
    return same, reads


def _needed(last: int, reads: dict[int, Node]) -> list[int]:
    found: list[int] = []
    left = [last]
    while left:
        y = left.pop()
        if y not in found:
            found.append(y)
            left += [x for x, _ in reads[y]]
    return found


def _is_ordered(order: Sequence[int], reads: dict[int, Node]) -> bool:
    return all(x not in order[place:] for place, y in enumerate(order) for x, _ in reads[y])


def _renamed(order: Sequence[int], reads: dict[int, Node]) -> tuple[Node, ...]:
    numbers = {0: 0, **{y: place for place, y in enumerate(order, start=1)}}
    return tuple(tuple(sorted((numbers[x], kind) for x, kind in reads[y])) for y in order)


def build(cell: Cell, classes: int = 10) -> Any:
    """Returns the network of a cell for images of CIFAR: a stem, three stages of five cells, and a head."""
    import keras
    from keras import layers

    network = network_of(tuple(cell))
    image = keras.Input((32, 32, 3))
    x = layers.Conv2D(STAGES[0], 3, padding="same", use_bias=False)(image)
    x = layers.BatchNormalization()(x)
    for stage, channels in enumerate(STAGES):
        if stage:
            x = _reduced(x, channels)
        for _ in range(CELLS):
            x = _through(network, x, channels)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(image, layers.Dense(classes)(x))


def _through(network: tuple[Node, ...], x: Any, channels: int) -> Any:
    """A cell: each node is the sum of what its edges make of other nodes."""
    from keras import layers, ops

    nodes = [x]
    for reads in network:
        terms = [_edge(kind, nodes[node], channels) for node, kind in reads]
        if not terms:
            nodes.append(ops.zeros_like(x))
        else:
            nodes.append(layers.Add()(terms) if len(terms) > 1 else terms[0])
    return nodes[-1]


def _edge(kind: str, x: Any, channels: int) -> Any:
    from keras import layers

    if kind == "skip_connect":
        return x
    if kind == "avg_pool_3x3":
        return layers.AveragePooling2D(3, strides=1, padding="same")(x)
    return _convolved(x, channels, {"nor_conv_1x1": 1, "nor_conv_3x3": 3}[kind])


def _convolved(x: Any, channels: int, kernel: int, strides: int = 1) -> Any:
    """ReLU, convolution, normalisation."""
    from keras import layers

    x = layers.Conv2D(channels, kernel, strides=strides, padding="same", use_bias=False)(layers.ReLU()(x))
    return layers.BatchNormalization()(x)


def _reduced(x: Any, channels: int) -> Any:
    """A residual block that halves the map."""
    from keras import layers

    y = _convolved(_convolved(x, channels, 3, strides=2), channels, 3)
    pooled = layers.AveragePooling2D(2)(x)
    return layers.Add()([y, layers.Conv2D(channels, 1, use_bias=False)(pooled)])


def nas_bench_201(count: int | None = None, seed: int = 0) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yields builders for `cnnstats.sweep`: all cells, or a sample of `count` in an order that `seed` gives."""
    space = list(cells())
    if count is not None:
        space = random.Random(seed).sample(space, min(count, len(space)))
    for cell in space:
        yield name_of(cell), build, {"cell": cell}


def key(candidate: Any) -> tuple[Node, ...]:
    """Returns what is equal for cells that are the same network: 6,985 are not."""
    return network_of(candidate.arguments["cell"])


RESOLUTIONS, WIDTHS, DEPTHS = (96, 128, 160, 192, 224), (0.35, 0.5, 0.75, 1.0, 1.4), (1, 2, 3, 4)


def mobile(resolution: int, width: float, depth: int) -> Any:
    """Returns a network like MobileNetV3: five stages of `depth` inverted residuals, its channels times `width`."""
    import keras
    from keras import layers

    def channels(base: int) -> int:
        return max(8, int(base * width + 4) // 8 * 8)

    image = keras.Input((resolution, resolution, 3))
    x = layers.Conv2D(channels(16), 3, strides=2, padding="same", use_bias=False)(image)
    x = layers.Activation("hard_swish")(layers.BatchNormalization()(x))
    for base, kernel, is_squeezed in ((24, 3, False), (40, 5, True), (80, 3, False), (112, 3, True), (160, 5, True)):
        for number in range(depth):
            x = _inverted(x, channels(base), kernel, 1 if number or base == 112 else 2, is_squeezed)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(channels(960), 1, activation="hard_swish")(x))
    return keras.Model(image, layers.Dense(1000)(x))


def _inverted(x: Any, channels: int, kernel: int, strides: int, is_squeezed: bool) -> Any:
    from keras import layers

    before = x.shape[-1]
    y = layers.BatchNormalization()(layers.Conv2D(4 * before, 1, use_bias=False)(x))
    y = layers.DepthwiseConv2D(kernel, strides=strides, padding="same", use_bias=False)(layers.ReLU()(y))
    y = layers.Activation("hard_swish")(layers.BatchNormalization()(y))
    if is_squeezed:
        gate = layers.Conv2D(before, 1, activation="relu")(layers.GlobalAveragePooling2D(keepdims=True)(y))
        y = layers.Multiply()([y, layers.Conv2D(4 * before, 1, activation="hard_sigmoid")(gate)])
    y = layers.BatchNormalization()(layers.Conv2D(channels, 1, use_bias=False)(y))
    return layers.Add()([x, y]) if strides == 1 and before == channels else y


def mobile_space() -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yields builders for all resolutions, widths and depths."""
    for resolution, width, depth in product(RESOLUTIONS, WIDTHS, DEPTHS):
        name = f"{resolution} x{width:g} d{depth}"
        yield name, mobile, {"resolution": resolution, "width": width, "depth": depth}


def main() -> None:
    """Sweeps a sample of both spaces, prints the fronts and draws them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=12, help="cells of NAS-Bench-201; 15625 are all")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--rows", help="file of the rows: .csv or .parquet")
    parser.add_argument("--output", default="output")
    given = parser.parse_args()
    swept = cnnstats.sweep(nas_bench_201(given.count), key=key, processes=given.processes, output=given.rows)
    front = cnnstats.pareto(swept, minimise=["flops"], maximise=["rf"])
    print(f"NAS-Bench-201: {len(swept):,} cells, {(swept['same_as'] == '').sum():,} built")
    print(front[["name", "params", "flops", "rf"]].to_string(index=False))

    space = list(mobile_space())
    models = random.Random(0).sample(space, min(given.count, len(space)))
    mobiles = cnnstats.sweep(models, processes=given.processes, max_flops="2G")
    print(f"\nLike MobileNetV3: {len(mobiles)} of {len(models)} within 2 G FLOPs")
    smallest = cnnstats.pareto(mobiles, minimise=["flops", "peak_activation_bytes"], maximise=["params"])
    print(smallest[["name", "params", "flops", "peak_activation_bytes"]].to_string(index=False))
    draw(swept, front, Path(given.output))


def draw(swept: Any, front: Any, folder: Path) -> None:
    """Draws the cells and the front."""
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    ax = figure.add_subplot(xlabel="FLOPs", ylabel="receptive field (pixels)", title="NAS-Bench-201")
    ax.plot(swept["flops"], swept["rf"], "o", color="0.6", label="cells")
    ax.plot(front["flops"], front["rf"], "o-", label="front")
    ax.legend()
    folder.mkdir(parents=True, exist_ok=True)
    figure.savefig(folder / "nas_bench_201.png", dpi=150)


if __name__ == "__main__":
    main()
