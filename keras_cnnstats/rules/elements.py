"""Functions of each element, of one map or of several."""

from keras_cnnstats.graph import Call
from keras_cnnstats.primitives import Cost, Elementwise


def element_by_element(cost: Cost, call: Call, name: str = "elementwise") -> Elementwise:
    """A function of each element of the result; where it merges maps, it says which of the arguments they are."""
    merges = cost.slopes is not None and len(cost.slopes) > 1
    return Elementwise(cost=cost, elements=call.output.elements, name=name, maps=call.maps if merges else ())
