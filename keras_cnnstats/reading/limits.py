"""How much a configuration may ask for: many times what the largest networks of Keras need, and no more."""

CONFIG_BYTES = 32 * 1024**2
"""Bytes of a configuration. ConvNeXtXLarge and NASNetLarge have one million, a model of 20,000 layers 20."""

BRACKETS, COMMAS = 1_000_000, 4_000_000
"""Lists and objects, and values, of its text: each takes many times its letters in memory."""

DIRECTORY_BYTES = 16 * 1024**2
"""Bytes of an archive's table of contents. An archive of Keras has three members, or one for each vocabulary."""

DEPTH = 250
"""Lists and objects inside each other. A model that is nested thirty deep has some 200."""

OBJECTS = 200_000
"""Layers, initializers and the like that are made of it."""

CALLS = 1_000_000
"""Calls of layers, those inside nested models for each call of theirs."""

LOOKED_AHEAD = 1_000_000
"""Calls of what stands further down, times the layers, all of which Keras goes through again for each."""

RANK = 64
"""Axes of a shape."""

OUTPUTS = 10_000
"""Tensors that one operation makes."""

INTEGER = 2**53
"""The largest integer: what is above fits no size of any backend."""

MADE = 10_000_000
"""The largest integer where a layer makes values as large as its input when it is built."""

TEXT = 100_000
"""Letters of one text."""

MESSAGE = 600
"""Letters of what Keras says, before it is cut."""
