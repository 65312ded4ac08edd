"""Convolution in one, two and three dimensions: for each tap of the kernel, shift the input, multiply, add up."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import keras
from keras import layers, ops

from keras_cnnstats.layers.axes import Axis
from keras_cnnstats.layers.products import summed
from keras_cnnstats.layers.windows import Weighted


def convolved(x: Any, kernel: Any, axes: Sequence[Axis], groups: int = 1) -> Any:
    """Returns the convolution of a map with a kernel, without bias.

    In two dimensions, `y[i, j, f] = sum of x[i * s + a * d, j * s + b * d, c] * kernel[a, b, c, f]` over the taps
    `a, b` and the channels `c`. The sum over the channels is a matrix product, done for all positions at once.

    Args:
        x: the map, `(batch, *positions, channels)`.
        kernel: `(*taps, channels of a group, filters)`.
        axes: the window on each axis.
        groups: parts of the channels that are convolved by themselves, each with its part of the filters.

    Returns:
        The map `(batch, *outputs, filters)`.
    """
    if groups == 1:
        return summed(x, kernel, axes, Mixing())
    *taps, channels, filters = kernel.shape
    grouped = ops.swapaxes(ops.reshape(kernel, (*taps, channels, groups, filters // groups)), -2, -3)
    return summed(x, grouped, axes, GroupedMixing(groups))


@dataclass(frozen=True)
class Mixing:
    """Of a tap: `y[p, f] = sum of x[p, c] * w[c, f]` over the channels, at each position `p`.

    Maps are `(batch, *positions, channels)`, weights `(channels, filters)`.
    """

    def forwards(self, x: Any, weights: Any) -> Any:
        return _map_like(x, ops.einsum("pc,cf->pf", _positions(x), weights))

    def towards_map(self, back: Any, weights: Any) -> Any:
        return _map_like(back, ops.einsum("pf,cf->pc", _positions(back), weights))

    def towards_weights(self, x: Any, back: Any) -> Any:
        return ops.einsum("pc,pf->cf", _positions(x), _positions(back))


@dataclass(frozen=True)
class GroupedMixing:
    """Of a tap: `y[p, g, f] = sum of x[p, g, c] * w[g, c, f]` over the channels of the group `g`, at each position `p`.

    Maps are `(batch, *positions, channels)`, weights `(groups, channels of a group, filters of a group)`.

    Attributes:
        groups: parts of the channels that are summed by themselves.
    """

    groups: int

    def forwards(self, x: Any, weights: Any) -> Any:
        return _map_like(x, ops.einsum("pgc,gcf->pgf", _positions(x, self.groups), weights))

    def towards_map(self, back: Any, weights: Any) -> Any:
        return _map_like(back, ops.einsum("pgf,gcf->pgc", _positions(back, self.groups), weights))

    def towards_weights(self, x: Any, back: Any) -> Any:
        return ops.einsum("pgc,pgf->gcf", _positions(x, self.groups), _positions(back, self.groups))


def _positions(x: Any, *groups: int) -> Any:
    return ops.reshape(x, (-1, *groups, x.shape[-1] // prod(groups)))


def _map_like(x: Any, positions: Any) -> Any:
    return ops.reshape(positions, (*ops.shape(x)[:-1], prod(positions.shape[1:])))


class Convolution(Weighted):
    """Convolution over any number of axes.

    Args:
        *args: those of the layer of Keras.
        **kwargs: the same by name. `padding` may also be an integer, or one for each axis: positions on both sides.
    """

    def formula(self, x: Any) -> Any:
        """The convolution of the map with the kernel."""
        return convolved(x, ops.convert_to_tensor(self.kernel), self.axes, self.groups)


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceConv1D(Convolution, layers.Conv1D):
    """Convolution over steps, equal to `keras.layers.Conv1D`, whose arguments it takes.

    `padding` may also be `"causal"`, or an integer: positions on both sides.

    >>> ReferenceConv1D(4, 3, padding=1).compute_output_shape((None, 10, 2))
    (None, 10, 4)
    """

    dimensions = 1


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceConv2D(Convolution, layers.Conv2D):
    """Convolution over rows and columns, equal to `keras.layers.Conv2D`, whose arguments it takes.

    `padding` may also be an integer, or one for each axis: positions on both sides.

    >>> ReferenceConv2D(2, 3, strides=2, padding=1).compute_output_shape((None, 5, 5, 3))
    (None, 3, 3, 2)
    """

    dimensions = 2


@keras.saving.register_keras_serializable(package="keras_cnnstats")
class ReferenceConv3D(Convolution, layers.Conv3D):
    """Convolution over a volume, equal to `keras.layers.Conv3D`, whose arguments it takes.

    `padding` may also be an integer, or one for each axis: positions on both sides.

    >>> ReferenceConv3D(2, 3, groups=2).compute_output_shape((None, 5, 6, 7, 4))
    (None, 3, 4, 5, 2)
    """

    dimensions = 3
