"""Writes `torch_fixtures.npz`: what PyTorch computes, for the machines that do not have it.

Made with PyTorch 2.13.0, from the root of the repository:

    python -m tests.layers.make_torch_fixtures
"""

from pathlib import Path

import numpy as np

from tests.layers.configurations import WITH_TORCH
from tests.layers.torch_values import stored, torch_values

PATH = Path(__file__).with_name("torch_fixtures.npz")


def main() -> None:
    arrays = {
        f"{configuration}/{name}": array
        for configuration in WITH_TORCH
        for name, array in stored(torch_values(configuration)).items()
    }
    np.savez_compressed(PATH, **arrays)


if __name__ == "__main__":
    main()
