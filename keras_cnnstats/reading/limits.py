"""How much a file may ask for. The largest networks of Keras stay below a tenth of each."""

CONFIGURATION_BYTES = 2**24
"""Bytes of a configuration as JSON: NASNetLarge, among the longest, has 1.5 million."""

CONFIGURATION_VALUES = 2_000_000
"""Values in it, by its commas and brackets, before it is parsed: `[],[],[]` takes 20 times its size in memory."""

DEPTH = 64
"""Levels of lists and dicts within each other. A model within a model takes four, so that 15 nest."""

LETTERS = 1_000
"""Letters of one text. Names are joined into paths, so that long ones multiply."""

INTEGER = 2**63
"""What every integer is below: no backend has larger sizes."""

CALLS = 20_000
"""Calls of layers, those inside shared models counted as often as they are made: models that call each other twice
double them with each line of the file."""

TENSORS = 500_000
"""Symbolic tensors that Keras makes while it builds the model: a call takes about five."""

RANK = 64
"""Axes of each of them."""

GIVEN_VALUES = 10**7
"""Values that a normalization spreads its given mean over. Keras does so at once, in memory."""

ARCHIVE_READ = 2**20
"""Bytes read from an archive at once: its directory has 100 for each member, and there are five."""

HDF5_READ = 2 * CONFIGURATION_BYTES
"""Bytes read from an HDF5 file at once: a text is stored in one piece."""

TOTAL_READ = 4 * CONFIGURATION_BYTES
"""Bytes read from a file altogether."""
