"""The global generators of Python, NumPy and torch, as one trial sees them.

Several trials take turns in one process, and most code draws from these. So that none changes what another draws, each
trial has its own: seeded at its start, and put in place while it runs.
"""

import contextlib
import random
from collections.abc import Iterator
from typing import Any


class GlobalGenerators:
    """The global generators of Python, NumPy and torch as one trial sees them."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._states: tuple[Any, ...] | None = None

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Let the trial draw from its own; afterwards they are as they were."""
        before = _states()
        if self._states is None:
            _seed_all(self._seed)
        else:
            _set_states(self._states)
        try:
            yield
        finally:
            self._states = _states()
            _set_states(before)


def _states() -> tuple[Any, ...]:
    import numpy as np
    import torch

    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []  # type: ignore[no-untyped-call]
    return random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda


def _set_states(states: tuple[Any, ...]) -> None:
    import numpy as np
    import torch

    random.setstate(states[0])
    np.random.set_state(states[1])
    torch.set_rng_state(states[2])
    if states[3]:
        torch.cuda.set_rng_state_all(states[3])


def _seed_all(seed: int) -> None:
    import numpy as np
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
