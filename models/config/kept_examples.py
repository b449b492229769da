"""Of which validation examples a complete trial's outputs are kept, and how many bytes that takes.

Letters: V validation examples, C outputs of a model.
"""

import math

MAX_NUMBERS = 1 << 19  # outputs of a lane that are kept: 2 MiB


def kept_examples(examples: int, outputs: int) -> range:
    """Return which of V examples are kept: all, or as many as `MAX_NUMBERS` has room for, evenly.

    Example:
        >>> kept_examples(10_000, 10), kept_examples(10_000, 1000)
        (range(0, 10000), range(0, 10000, 20))
    """
    return range(0, examples, max(1, math.ceil(examples * outputs / MAX_NUMBERS)))


def kept_bytes(examples: int, outputs: int) -> int:
    """Return what one lane takes: float32 outputs, and labels of 8 bytes."""
    return len(kept_examples(examples, outputs)) * (4 * outputs + 8)
