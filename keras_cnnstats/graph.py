"""A model as plain records: calls, the tensors between them, the weights they hold."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from keras_cnnstats.primitives.base import Map, Size, product
from keras_cnnstats.primitives.measured import Measured

Shape = tuple[int | None, ...]


class TensorSpec(NamedTuple):
    """Shape and dtype of a tensor; `None` in a shape is a size nobody gave.

    Attributes:
        shape: its shape, batch axis included.
        dtype: its dtype.
        key: of a variable that is an argument of an operation, the key of its `Weight`.
    """

    shape: Shape
    dtype: str = "float32"
    key: int | None = None


class Weight(NamedTuple):
    """A variable of a layer.

    Attributes:
        key: tells the same variable in two layers apart from two variables.
        size: the parameters that it stands for, of packed ones all; of a quantiser's state its values.
        trainable: whether training changes it.
        bytes: bytes that are stored.
        dtype: dtype that they are stored in.
        name: its own name.
        is_state: whether it is a quantiser's: scales, zero points, histories.
    """

    key: int
    size: int
    trainable: bool
    bytes: int = 0
    dtype: str = "float32"
    name: str = ""
    is_state: bool = False


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
        """Size of the channel axis, of a layer that is built over it."""
        size = self.channels_if_known
        assert size is not None, "Keras builds no layer over an unknown number of channels"
        return size

    @property
    def channels_if_known(self) -> Size:
        """Size of the channel axis, for what takes each channel by itself and need not know how many there are."""
        return self.shape[1 if self.channels_first else -1]

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
        note: why the call could not be followed inside, or what else the user should know of it.
        followed: whether it is an operation that was found by following a layer's own `call`.
        measured: the backend's count, where no rule knows the call and it cannot be followed.
        adapted: what was made of the layer's weights since it was built: `"quantised"`, `"low rank"`.
        dtype: dtype that it multiplies in.
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
    followed: bool = False
    measured: Measured | None = None
    adapted: tuple[str, ...] = ()
    dtype: str = "float32"

    @property
    def held(self) -> int:
        """Values of its weights."""
        return sum(weight.size for weight in self.weights)

    @property
    def input(self) -> FeatureMap:
        """The first tensor it reads."""
        return FeatureMap(self.specs[0].shape, self.channels_first)

    @property
    def output(self) -> FeatureMap:
        """The first tensor it makes."""
        return FeatureMap(self.results[0].shape, self.channels_first)

    def argument(self, place: int, name: str) -> Any:
        """An argument, by its place or by its name; `None` where it is not given.

        >>> call = Call("add", "add", args=(1,), kwargs={"x2": 2})
        >>> call.argument(0, "x1"), call.argument(1, "x2"), call.argument(2, "x3")
        (1, 2, None)
        """
        return self.args[place] if len(self.args) > place else self.kwargs.get(name)

    def place(self, spec: TensorSpec | None) -> int | None:
        """Place among the inputs of the tensor that stands in an argument; `None` where there is no tensor."""
        return next((place for place, each in enumerate(self.specs) if each is spec), None)

    def weight(self, name: str) -> Map:
        """A weight of that name, as a map that an operation is given."""
        place = next((place for place, each in enumerate(self.weights) if each.name == name), None)
        return Map(None if place is None else self.weights[place].size, place, weight=place is not None)

    @property
    def maps(self) -> tuple[Map, ...]:
        """The inputs, weights and constants among its arguments, in their order."""
        places = {id(spec): place for place, spec in enumerate(self.specs)}
        keys = {weight.key: place for place, weight in enumerate(self.weights)}
        found: list[Map] = []

        def look(values: Iterable[Any]) -> None:
            for value in values:
                if isinstance(value, TensorSpec):
                    place = places.get(id(value))
                    if place is not None:
                        found.append(Map(product(value.shape[1:]), place))
                    else:
                        found.append(Map(product(value.shape), keys.get(value.key or 0), weight=value.key in keys))
                elif isinstance(value, (list, tuple)):
                    look(value)
                elif isinstance(value, (int, float)):
                    found.append(Map(1, None))

        look(self.args)
        look(self.kwargs.values())
        return tuple(found)


class Optimizer(NamedTuple):
    """The state that an optimizer keeps beside the weights.

    Attributes:
        name: class of the optimizer.
        size: values of its state; `None` where that is known only once it is built.
        bytes: bytes of its state, likewise.
        built: whether it has the state already, as after `fit`.
    """

    name: str
    size: int | None = None
    bytes: int | None = None
    built: bool = False


class Summary(NamedTuple):
    """What `model.summary()` says of a model that the report says otherwise.

    Attributes:
        weights: values of the weights that it counts.
        shared: layers that were called several times with outputs of different shapes, with the shapes in the order of
            the calls: it shows the last.
        nested: models inside the model, with their parameters: `expand_nested=True` shows them twice.
        unshown: layers whose output shape it shows as `?`.
        unbuilt: layers that it counts as 0, since they have no weights yet.
    """

    weights: int
    shared: tuple[tuple[str, tuple[Shape, ...]], ...] = ()
    nested: tuple[tuple[str, int], ...] = ()
    unshown: tuple[str, ...] = ()
    unbuilt: tuple[str, ...] = ()


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
        optimizer: the optimizer that the model is compiled with.
        summary: what Keras' own summary says of it.
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
    optimizer: Optimizer | None = None
    summary: Summary | None = None

    def samples(self, call: Call) -> int:
        """How often the work of one sample is done; operations may have put more than samples on the first axis."""
        return self.first_size(call.results[0].shape if call.results else ())

    def first_size(self, shape: Shape) -> int:
        """Returns the size of a tensor's first axis in a batch of `batch_size`, also where the model fixes another."""
        first = shape[0] if shape else None
        if first is None:
            return self.batch_size
        fed = self.tensors[self.inputs[0]].shape
        batch = (fed[0] if fed else None) or self.batch_size
        return self.batch_size if first == batch else max(first * self.batch_size // batch, 1)
