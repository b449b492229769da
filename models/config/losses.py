"""The losses that a study can train with."""

from typing import Literal

# "nll", the negative log likelihood on log-softmax, is the same number as cross entropy on logits, from the same code.
# "squared_error" lies between softmax and the one-hot label, summed over classes.
Loss = Literal["cross_entropy", "nll", "squared_error"]

# Fields of a recipe that change the labels which cross entropy is taken to; squared_error knows none of them.
SOFT_TARGETS = ("label_smoothing", "class_weights", "mixup")
