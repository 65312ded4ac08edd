"""Why something is not comparable: sentences that stay the same, and what is said of an error that nobody foresaw."""

OPEN = "its sizes are unknown"
STRUCTURE = "its inputs have a structure that it alone knows"
UNKNOWN = "its cost is unknown"
UNKNOWN_TRAINING = "its training is unknown"
UNTRAINED = "nothing of it is trained"
CONSTANT = "it is made of weights and sizes alone"
ADAPTED = "its weights were made into others since"
ITSELF = "counted by the backend itself"
CONTRACTIONS_ALONE = "it counts contractions alone"

CHANNELS_FIRST = "of transposed convolutions and of gradients of images it has statistics in channels last alone"

FLAT = "behind a sign or a rounding, which have no slope, it goes on with zeros, and computes all gradients from them"
HALVED = "TensorFlow has no gradient of a bicubic or lanczos resizing in half precision"
UNEVEN = "TensorFlow takes the dilation of one axis of a volume for that of another, and cannot trace the gradient"

CELLS = "cells of unequal size are picked from windows of both sizes"
RESIZED = "on JAX an image is resized by matrix products with weights for each axis"


def of_error(error: Exception) -> str:
    """Returns the kind of an error, and the first line of what it says."""
    # Of what cannot be made of a configuration, Keras shows all of that before the cause, and again behind it.
    said = str(error).rpartition("Exception encountered: ")[-1].partition("Full object config: ")[0]
    line = said.strip().partition("\n")[0]
    return f"{type(error).__name__}: {line}"
