"""The losses that a study can train with."""

from typing import Literal

# "nll", the negative log likelihood on log-softmax, is the same number as cross entropy on logits, from the same code.
# "squared_error" lies between softmax and the one-hot label, summed over classes.
# The last three are of a number, scaled to mean 0 and standard deviation 1; "huber" is linear beyond 1.
Loss = Literal["cross_entropy", "nll", "squared_error", "mse", "mae", "huber"]

# Fields of a recipe that change the labels which cross entropy is taken to; the other losses know none of them.
SOFT_TARGETS = ("label_smoothing", "class_weights", "mixup")
