"""The memory that a layer needs does not grow with the area of its kernel."""

from functools import cache

import pytest

from tests.layers.temporaries import LAYERS, PADDED, temporaries

MOST = 4 * PADDED
"""The padded input, what one tap sees, its product, the sum; with gradients, what comes back in the place of the sum.

The products of all taps would be 49 maps.
"""


@cache
def counted() -> dict[str, list[int]]:
    return temporaries()


@pytest.mark.slow
@pytest.mark.parametrize("label", LAYERS)
def test_seven_rows_and_columns_of_taps_need_no_more_than_four_padded_maps(label: str) -> None:
    assert max(counted()[label]) <= MOST
