"""A model as plain records: calls, the tensors between them, the weights they hold."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from keras_cnnstats.primitives.base import Size, product

Shape = tuple[int | None, ...]


class TensorSpec(NamedTuple):
    """Shape and dtype of a tensor; `None` in a shape is a size nobody gave."""

    shape: Shape
    dtype: str = "float32"


class Weight(NamedTuple):
    """A variable of a layer: `key` tells the same variable in two layers apart from two variables."""

    key: int
    size: int
    trainable: bool
    bytes: int = 0
    dtype: str = "float32"


class FeatureMap(NamedTuple):
    """A tensor as a layer sees it: channels and spatial axes, whichever way round they are stored.

    Attributes:
        shape: the tensor's shape, batch axis included.
        channels_first: whether the channels stand before the spatial axes.
    """

    shape: Shape
    channels_first: bool = False

    @property
    def channels(self) -> int:
        """Size of the channel axis."""
        size = self.shape[1 if self.channels_first else -1]
        assert size is not None, "Keras builds no layer over an unknown number of channels"
        return size

    @property
    def spatial(self) -> Shape:
        """Sizes of the spatial axes."""
        return self.shape[2:] if self.channels_first else self.shape[1:-1]

    @property
    def spatial_dims(self) -> range:
        """Where the spatial axes stand in the shape."""
        rank = len(self.shape)
        return range(2, rank) if self.channels_first else range(1, rank - 1)

    @property
    def area(self) -> Size:
        """Product of the sizes of the spatial axes."""
        return product(self.spatial)

    @property
    def elements(self) -> Size:
        """Values of one sample."""
        return product(self.shape[1:])

    def sizes(self, axes: int | Iterable[int]) -> Size:
        """Product of the sizes of some axes (batch axis: 0)."""
        return product(self.shape[axis] for axis in ((axes,) if isinstance(axes, int) else axes))


class Call(NamedTuple):
    """One call of one layer or operation.

    Attributes:
        path: the layer's name behind the names of the models it is nested in.
        type: class name of the layer, or name of the operation.
        nth: 0 for the layer's first call, 1 for its second, ...
        layer: the layer or operation itself, for rules to read its configuration.
        target: what rules are looked up by: the layer's class, or the public function of an operation.
        inputs: numbers of the tensors it reads.
        outputs: numbers of the tensors it makes.
        specs: the tensors it reads.
        results: the tensors it makes.
        args: positional arguments, tensors as their `TensorSpec`.
        kwargs: keyword arguments, likewise.
        weights: the variables of the layer.
        channels_first: the layer's data format.
        note: why the call could not be followed inside.
        adapted: what was made of the layer's weights since it was built: `"quantised"` or `"low rank"`.
    """

    path: str
    type: str
    nth: int = 0
    layer: Any = None
    target: Any = None
    inputs: tuple[int, ...] = ()
    outputs: tuple[int, ...] = ()
    specs: tuple[TensorSpec, ...] = ()
    results: tuple[TensorSpec, ...] = ()
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = MappingProxyType({})
    weights: tuple[Weight, ...] = ()
    channels_first: bool = False
    note: str = ""
    adapted: str = ""

    @property
    def input(self) -> FeatureMap:
        """The first tensor it reads."""
        return FeatureMap(self.specs[0].shape, self.channels_first)

    @property
    def output(self) -> FeatureMap:
        """The first tensor it makes."""
        return FeatureMap(self.results[0].shape, self.channels_first)


class Graph(NamedTuple):
    """A model as its calls in execution order.

    Attributes:
        name: name of the model.
        dtype: dtype it computes in.
        inputs: numbers of the tensors it is fed.
        input_names: their names.
        outputs: numbers of the tensors it returns.
        tensors: all tensors, by number.
        calls: all calls of leaf layers and operations.
        weights: variables of the model that belong to no call.
        batch_size: samples in a batch: what an unknown first axis stands for.
        batch_is_open: whether the model leaves the batch size open.
        channels_first: the data format where no layer says otherwise.
    """

    name: str
    dtype: str
    inputs: tuple[int, ...]
    input_names: tuple[str, ...]
    outputs: tuple[int, ...]
    tensors: tuple[TensorSpec, ...]
    calls: tuple[Call, ...]
    weights: tuple[Weight, ...] = ()
    batch_size: int = 1
    batch_is_open: bool = True
    channels_first: bool = False
