"""`python -m keras_cnnstats` is `cnnstats`."""

import sys

from keras_cnnstats.cli import main

if __name__ == "__main__":
    sys.exit(main())
