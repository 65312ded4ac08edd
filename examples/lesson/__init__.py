"""What the scripts of the documents have in common: headings, formulas with numbers put in, witnesses that agree."""

from lesson.computing import analyzed, built, difference, numbers, with_gradients
from lesson.formulas import (
    Formula,
    convolution_flops,
    convolution_parameters,
    dense_flops,
    dense_parameters,
    output_size,
    receptive_field,
)
from lesson.printing import agree, drawn, equal, folder, grid, show, teach

__all__ = [
    "Formula",
    "agree",
    "analyzed",
    "built",
    "convolution_flops",
    "convolution_parameters",
    "dense_flops",
    "dense_parameters",
    "difference",
    "drawn",
    "equal",
    "folder",
    "grid",
    "numbers",
    "output_size",
    "receptive_field",
    "show",
    "teach",
    "with_gradients",
]
