"""Steps that a GPU is told of once: a CUDA graph, whose hundreds of kernels start as one.

A step of a few lanes is over sooner than its kernels could be started one by one. Used by lanes.py for models whose
every step is the same; knows neither lanes nor figures.
"""

import contextlib

import torch
from torch import Tensor

from models.families.base import FusedModel
from models.ops.optimizers import LaneOptimizer


class Replayed:
    """The steps of one tick. The first one is taken as it is, so that whatever is made only once is there."""

    def __init__(self, fused: FusedModel) -> None:
        self._fused = fused
        self._shape: torch.Size | None = None  # of what is replayed; a smaller minibatch at the end is not
        self._graph: torch.cuda.CUDAGraph | None = None
        self._refused = False

    def step(self, x: Tensor, y: Tensor, optimizer: LaneOptimizer) -> tuple[Tensor, Tensor]:
        """Train one step; return losses (L, B) and hits (L, B), which the next step overwrites."""
        if x.shape != self._shape or self._refused:
            self._shape = self._shape or x.shape
            return self._fused.step(x, y, optimizer)
        if self._graph is None:
            try:
                self._capture(x, y, optimizer)
            except RuntimeError:  # a driver, or a library below torch, that cannot: steps are then started one by one
                self._refused = True
                return self._fused.step(x, y, optimizer)
        else:
            if x.data_ptr() != self._x.data_ptr():
                self._x.copy_(x)
            self._y.copy_(y)
        assert self._graph is not None
        self._graph.replay()
        return self._figures

    def _capture(self, x: Tensor, y: Tensor, optimizer: LaneOptimizer) -> None:
        """Write down what a step does, without doing it; torch.cuda.graph would also empty the allocator's cache."""
        graph = torch.cuda.CUDAGraph()
        here, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        aside.wait_stream(here)
        with torch.cuda.stream(aside):
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                self._figures = self._fused.step(x, y, optimizer)
            except BaseException:
                with contextlib.suppress(RuntimeError):  # it says again that the capture has failed
                    graph.capture_end()
                raise
            graph.capture_end()
        here.wait_stream(aside)
        self._x, self._y, self._graph = x, y, graph
