"""The words of a recipe: how a model of a study is built and trained, apart from what is searched.

A study file (search.spec.Study) is made of these words, a model file carries them in its metadata, and an engine is
told what to do in them. They are plain frozen data: no torch, no Optuna, so that reading a study file takes
milliseconds.
"""

from typing import Literal

# "nll", the negative log likelihood on log-softmax, is the same number as cross entropy on logits, from the same code.
# "squared_error" lies between softmax and the one-hot label, summed over classes.
Loss = Literal["cross_entropy", "nll", "squared_error"]
