"""The names under which an epoch's statistics stand in `logs`, in files and in the DataFrame; all have one prefix."""

PREFIX = "stats_"

PARAMS = "stats_params"
"""Parameters of the model."""

TRAINABLE_PARAMS = "stats_trainable_params"
"""Parameters that training changes."""

FROZEN_PARAMS = "stats_frozen_params"
"""Parameters that it leaves as they are."""

FORWARD_FLOPS = "stats_forward_flops"
"""FLOPs of the forward pass of one sample; where the sizes of samples vary, of the mean sample of the epoch."""

TRAIN_FLOPS = "stats_train_flops"
"""FLOPs of one sample in a step of training, likewise: the forward pass, and the gradients that the step computes."""

SAMPLES = "stats_samples"
"""Samples that the epoch was trained on."""

EPOCH_FLOPS = "stats_epoch_flops"
"""FLOPs of the epoch's training: those of each sample that was seen."""

TOTAL_FLOPS = "stats_total_flops"
"""FLOPs of training so far, earlier stages and what was resumed included."""

SECONDS = "stats_seconds"
"""Seconds of the epoch's training: no validation, no other callbacks, no first step."""

COMPILE_SECONDS = "stats_compile_seconds"
"""Seconds of first steps, in which the backend compiles what it runs."""

TOTAL_SECONDS = "stats_total_seconds"
"""Seconds of training so far, first steps included."""

SAMPLES_PER_SECOND = "stats_samples_per_second"
"""Samples a second of the epoch's training, without first steps."""

ACHIEVED_FLOPS = "stats_achieved_flops"
"""FLOPs a second of the epoch's training, without first steps: a speed."""

UTILISATION = "stats_utilisation"
"""The share that this is of `peak_flops`."""

ZERO_WEIGHTS = "stats_zero_weights"
"""The share of parameters that are zero."""

STAGE, EPOCH = "stage", "epoch"
"""Which fit a row belongs to, counted from 0, and which epoch of it, as Keras numbers them."""
