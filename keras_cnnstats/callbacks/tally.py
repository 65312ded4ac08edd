"""Which batches a training function was run on, found out without waiting for the device at each step.

On JAX and PyTorch the training function is fed batches, whose shapes Python can read. TensorFlow's is fed an iterator
that it runs itself: there each step notes the shapes of its batch in a variable, which is read when it is full and at
the end of an epoch.
"""

from collections.abc import Iterator
from typing import Any

from keras_cnnstats.callbacks.shapes import Batch, Structure, batch_of, batch_of_shapes, inputs_of, tensors_of

CAPACITY = 1024
"""Steps that TensorFlow's variable holds."""

WIDTH = 64
"""Numbers that it holds of each at least: which structure it is, and the sizes of its tensors. Later structures of the
same training have to fit in too: a function that is traced again may make no variables."""


class Watched:
    """An iterator over batches that notes each."""

    def __init__(self, iterator: Any, tally: "Tally") -> None:
        self.iterator = iter(iterator)
        self.tally = tally

    def __iter__(self) -> "Watched":
        return self

    def __next__(self) -> Any:
        data = next(self.iterator)
        self.tally.note(data)
        return data


class Tally:
    """The batches of a training function that Python feeds.

    Attributes:
        batches: those that nobody has taken yet.
        is_fixed: whether what is trained was fixed when the step was traced.
        failure: why one could not be noted; training goes on all the same.
    """

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.is_fixed = False
        self.failure: Exception | None = None

    def note(self, data: Any) -> None:
        """Notes a batch."""
        try:
            self.batches.append(batch_of(data))
        except Exception as error:
            self.failure = error

    def watched(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of a training function, so that the batches in them are noted."""
        *state, data = arguments
        if not isinstance(data, (list, tuple)):
            return (*state, Watched(data, self))
        for each in data:
            self.note(each)
        return arguments

    @property
    def replicas(self) -> int:
        """Batches that it notes at each step."""
        return 1

    def was_traced(self) -> bool:
        """Whether the backend has traced the step since the last time that this was asked."""
        return False

    @property
    def is_at_hand(self) -> bool:
        """Whether what it returns is there without waiting for the device."""
        return True

    def forget(self) -> None:
        """Begins anew, with what comes from now on."""
        self.failure = None
        self.take()

    def take(self) -> list[Batch]:
        """Returns the batches since the last time, in their order.

        Raises:
            Exception: one of them could not be noted.
        """
        taken, self.batches = self.batches, []
        if self.failure is not None:
            raise self.failure
        return taken


class TensorFlowTally(Tally):
    """The batches of a training function that TensorFlow feeds itself, noted by each step of each replica."""

    def __init__(self, strategy: Any) -> None:
        super().__init__()
        self.strategy = strategy
        self.kinds: list[tuple[Structure, list[int]]] = []
        self.noted: Any = None
        self.place: Any = None
        self.traced = False
        self.steps = 0

    def watched(self, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        return arguments

    @property
    def is_at_hand(self) -> bool:
        return False

    @property
    def replicas(self) -> int:
        return int(self.strategy.num_replicas_in_sync)

    def was_traced(self) -> bool:
        traced, self.traced = self.traced, False
        return traced

    def step(self, run: Any) -> Any:
        """A training step that also notes the shapes of what it is fed."""
        import tensorflow as tf

        def noting(data: Any) -> Any:
            # What is run as it is written is traced anew at each step, and compiled at none.
            self.is_fixed = not tf.executing_eagerly()
            self.traced |= self.is_fixed
            try:
                self._note(inputs_of(data))
            except Exception as error:
                self.failure = error
            return run(data)

        return noting

    def _note(self, inputs: Any) -> None:
        import tensorflow as tf

        tensors = tensors_of(inputs)
        kind = Structure(inputs), [len(each.shape) for each in tensors]
        needed = 1 + sum(kind[1])
        several = self.strategy.num_replicas_in_sync > 1
        if self.noted is None:
            width = max(WIDTH, needed)
            if several:
                tf.distribute.get_replica_context().merge_call(lambda _: self._make_room(width))
            else:
                self._make_room(width)
        rest = self.noted.shape[1] - needed
        if rest < 0:
            raise ValueError(f"the inputs have {needed - 1} sizes now, of which {needed + rest - 1} can be noted")
        if kind not in self.kinds:
            self.kinds.append(kind)
        sizes = [tf.cast(_shape(each), "int64") for each in tensors]
        number = tf.constant([self.kinds.index(kind)], "int64")
        shapes = tf.concat([number, *sizes, tf.zeros((rest,), "int64")], axis=0)
        # A step for which there is no data any more leaves no trace.
        with tf.control_dependencies([shapes]):
            place = self.place.read_value()
            if several:
                # What each replica has of its own can only be set whole.
                noted = tf.tensor_scatter_nd_update(self.noted.read_value(), [[place % CAPACITY]], [shapes])
                self.noted.assign(noted)
            else:
                self.noted.scatter_nd_update([[place % CAPACITY]], [shapes])
            self.place.assign(place + 1)

    def _make_room(self, width: int) -> None:
        import tensorflow as tf

        made = {"synchronization": tf.VariableSynchronization.ON_READ, "aggregation": tf.VariableAggregation.SUM}
        with tf.init_scope(), self.strategy.scope():
            self.noted = tf.Variable(tf.zeros((CAPACITY, width), "int64"), trainable=False, **made)
            self.place = tf.Variable(tf.zeros((), "int64"), trainable=False, **made)

    def take(self) -> list[Batch]:
        self.batches += self._read()
        return super().take()

    def _read(self) -> Iterator[Batch]:
        """The batches in the variable, step by step; of each step those of all replicas."""
        if self.noted is None:
            return
        local = self.strategy.experimental_local_results
        replicas = [
            (int(place), noted.numpy()) for place, noted in zip(local(self.place), local(self.noted), strict=True)
        ]
        done, self.steps = self.steps, replicas[0][0]
        if self.steps - done > CAPACITY:
            self.failure = OverflowError(f"{self.steps - done:,} steps at once, of which {CAPACITY:,} are kept")
            return
        for step in range(done, self.steps):
            for _, noted in replicas:
                yield self._batch(noted[step % CAPACITY].tolist())

    def _batch(self, noted: list[int]) -> Batch:
        number, *sizes = noted
        structure, ranks = self.kinds[number]
        size = iter(sizes)
        return batch_of_shapes(structure, [tuple(next(size) for _ in range(rank)) for rank in ranks])


def _shape(tensor: Any) -> Any:
    """The shape of a tensor that may be sparse or ragged."""
    import tensorflow as tf

    if isinstance(tensor, tf.RaggedTensor):
        return tensor.bounding_shape()
    return tensor.dense_shape if isinstance(tensor, tf.SparseTensor) else tf.shape(tensor)
