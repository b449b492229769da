"""A double of a GPU's graphs for a CPU: records the operations of a step, and does them again on the same memory.

It is as strict as a GPU: while it records, nothing happens; a look at a number ends the recording; what Python did in
between is not done again; and what the step has allocated holds nonsense before each replay.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from models.engine.step_graph import StepGraph

LOOKS = {"_local_scalar_dense", "equal", "is_nonzero", "nonzero", "_unique2", "unique_consecutive", "masked_select"}
FROM_PYTHON = {"lift_fresh"}  # torch.tensor([...]): copied from memory that is gone at the next replay
UNTOLD = {"running_mean", "running_var"}  # what batch norm writes to without saying so
NONSENSE = 77


class RecordedGraph(TorchDispatchMode):
    """One recorded step."""

    def __init__(self) -> None:
        super().__init__()
        self.captures = self.replays = 0

    def capture(self, function: Callable[[], None]) -> None:
        """Record; whatever was overwritten meanwhile is put back."""
        self._calls: list[tuple[Any, Any, Any, list[Tensor]]] = []
        self._owned: dict[int, Tensor] = {}  # memory that the step has allocated
        before: dict[int, tuple[Tensor, Tensor]] = {}
        self._before = before
        drawn = torch.get_rng_state()
        try:
            with self:
                function()
        finally:
            torch.set_rng_state(drawn)
            for storage, copy in before.values():
                storage.copy_(copy)
        self.captures += 1

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = func._schema.name.partition("::")[2]
        if name in LOOKS | FROM_PYTHON:
            raise RuntimeError(f"operation not permitted when stream is capturing: {name}")
        given = {argument.name: value for argument, value in zip(func._schema.arguments, args, strict=False)} | kwargs
        for argument in func._schema.arguments:
            is_written = argument.alias_info is not None and argument.alias_info.is_write
            if is_written or argument.name in UNTOLD:
                for tensor in tree_leaves(given.get(argument.name)):
                    self._save(tensor)
        known = {_memory(tensor) for tensor in tree_leaves((args, kwargs)) if isinstance(tensor, Tensor)}
        results = func(*args, **kwargs)
        fresh = []
        for tensor in tree_leaves(results):
            if isinstance(tensor, Tensor):
                is_fresh = _memory(tensor) not in known
                fresh.append(tensor if is_fresh else None)
                if is_fresh:
                    self._owned[_memory(tensor)] = tensor.detach()
        self._calls.append((func, *tree_map(lambda it: it, (args, kwargs)), fresh))
        return results

    def _save(self, tensor: Any) -> None:
        if isinstance(tensor, Tensor) and _memory(tensor) not in self._before and _memory(tensor) not in self._owned:
            whole = _whole(tensor)
            self._before[_memory(tensor)] = whole, whole.clone()

    @torch.no_grad()
    def replay(self) -> None:
        """Do the operations again."""
        for tensor in self._owned.values():
            _whole(tensor).fill_(NONSENSE)
        for func, args, kwargs, fresh in self._calls:
            for kept, result in zip(
                fresh, [it for it in tree_leaves(func(*args, **kwargs)) if isinstance(it, Tensor)], strict=True
            ):
                if kept is not None:
                    kept.copy_(result)
        self.replays += 1


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


def _whole(tensor: Tensor) -> Tensor:
    """All bytes that a tensor's memory has."""
    return torch.empty(0, dtype=torch.uint8).set_(tensor.untyped_storage())


class RecordedSlots:
    """Places that all run at once, in the order in which things are started."""

    count = 3

    def __init__(self) -> None:
        self.graphs: list[RecordedGraph] = []

    def slot(self, number: int) -> "RecordedSlots":
        return self

    def entered(self) -> AbstractContextManager[object]:
        return nullcontext()

    def graph(self) -> StepGraph:
        self.graphs.append(RecordedGraph())
        return self.graphs[-1]

    def fork(self) -> None:
        return

    def join(self) -> None:
        return
