"""What pytest leaves alone here: modules that import keras-hub or JAX, and that no test of another folder reads."""

collect_ignore_glob = ["backbones", "*_oracle.py"]
