"""The memory that a layer needs does not grow with the area of its kernel."""

from functools import cache

import pytest

from tests.layers.temporaries import LAYERS, MAP, temporaries

MOST = 5 * MAP
"""The padded input, what one tap sees, its product, the sum; of a transposed convolution, a map with more around it.

The products of all taps would be 49.
"""


@cache
def counted() -> dict[str, list[int]]:
    return temporaries()


@pytest.mark.parametrize("label", LAYERS)
def test_seven_rows_and_columns_of_taps_need_no_more_than_five_maps(label: str) -> None:
    assert max(counted()[label]) <= MOST
