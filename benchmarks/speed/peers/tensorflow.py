"""`model.summary()`, a bare walk over the graph, and the recipe over TensorFlow's profiler."""

import io
from contextlib import redirect_stdout
from typing import Any

from benchmarks.speed.peers import Peer, Ready


def summary(model: Any) -> Ready:
    """`model.summary()` into a string."""

    def run() -> int:
        lines: list[str] = []
        model.summary(print_fn=lines.append)
        return len("\n".join(lines).splitlines())

    return run


def walk(model: Any) -> Ready:
    """A loop over the calls of the graph that reads the shapes that go in and come out, and does nothing with them."""

    def run() -> int:
        shapes = 0
        # The graph has no public name in Keras.
        for nodes in model._nodes_by_depth.values():
            for node in nodes:
                shapes += len([[each.shape for each in some] for some in (node.input_tensors, node.outputs)])
        return shapes

    return run


def profiler(model: Any) -> Ready:
    """The recipe that Keras users pass around: trace the model, then ask the profiler for one total."""
    import tensorflow as tf

    v1 = tf.compat.v1
    signature = tf.TensorSpec((1, *model.input_shape[1:]), model.inputs[0].dtype)

    def run() -> int:
        graph = tf.function(model).get_concrete_function(signature).graph
        options = v1.profiler.ProfileOptionBuilder(v1.profiler.ProfileOptionBuilder.float_operation())
        with redirect_stdout(io.StringIO()):
            result = v1.profiler.profile(graph, cmd="op", options=options.with_empty_output().build())
        return int(result.total_float_ops)

    return run


PEERS = (
    Peer("model.summary()", "the summary as a string", summary),
    Peer("a bare walk", "a loop over the calls of the graph that reads the shapes in front and behind", walk),
    Peer("TensorFlow's profiler", "`tf.function`, its concrete function, then `profile` of its graph", profiler),
)
