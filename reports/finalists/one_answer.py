"""What one answer counts for in a metric: by that much two configurations may differ that agree on all test examples.

Letters: S seeds, N test examples, C classes.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import nn

from models.metrics.base import Metric, Predictions

MAX_CLASSES = 20  # that are tried; of more some


def error_of_one_answer(metric: Metric, answers: Predictions) -> float | None:
    """Return the standard error of a gap that two examples make: one that only the first of two configurations answers
    rightly, and one that only the second does.

    Each class has such examples as often as it has any. One counts for what lies between the metric where it is
    answered rightly and where it is answered wrongly, under every seed. For accuracy that makes the root of 2, divided
    by N (Bonett and Price 2012).

    Args:
        metric: Which one.
        answers: To the test examples, under each seed.

    Returns:
        None where the metric is not of answers alone, as one of probabilities is not, or a function of the user's own
        raises.
    """
    logits, labels = answers.logits, answers.labels
    if logits is None or answers.answers is not None:
        return None
    plain = replace(answers, logits=nn.functional.one_hot(logits.argmax(2), logits.shape[2]).to(logits.dtype))
    classes, counts = np.unique(labels.numpy(), return_counts=True)
    some = np.linspace(0, len(classes) - 1, min(MAX_CLASSES, len(classes))).astype(int)
    try:
        if not torch.equal(metric.compute(answers), metric.compute(plain)):
            return None
        changes = [_change(metric, plain, label) for label in classes[some].tolist()]
    except Exception:  # noqa: BLE001 (whatever the user's function raises)
        return None
    return float(np.sqrt(2 * np.average(np.square(changes), weights=counts[some])))


def _change(metric: Metric, answers: Predictions, label: int) -> float:
    """Return what lies, as a mean over seeds, between one example of a class answered rightly and answered wrongly."""
    assert answers.logits is not None
    example, other = int((answers.labels == label).nonzero()[0]), (label + 1) % answers.logits.shape[2]
    right, wrong = (metric.compute(_answered(answers, example, answer)) for answer in (label, other))
    return float((right - wrong).mean())


def _answered(answers: Predictions, example: int, answer: int) -> Predictions:
    """Return answers of which one is another class under every seed."""
    assert answers.logits is not None
    logits, hits = answers.logits.clone(), answers.hits.clone()
    logits[:, example] = 0
    logits[:, example, answer] = 1
    hits[:, example] = bool(answers.labels[example] == answer)
    return replace(answers, logits=logits, hits=hits)
