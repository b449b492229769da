"""Steps replayed from a CUDA graph, whose hundreds of kernels start as one.

A step of a few lanes is over sooner than its kernels could be started one by one. For models whose every step runs the
same kernels; knows neither lanes nor metrics.
"""

import contextlib

import torch
from torch import Tensor

from models.families.base import FusedModel
from models.ops.optimizers.base import LaneOptimizer


class ReplayedSteps:
    """The steps of one tick. The first runs as usual, so that everything is allocated that is allocated once."""

    def __init__(self, fused: FusedModel) -> None:
        self._fused = fused
        self._shape: torch.Size | None = None  # of x; a smaller minibatch at the end runs as usual
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
        return self._results

    def _capture(self, x: Tensor, y: Tensor, optimizer: LaneOptimizer) -> None:
        """Record a step without running it; torch.cuda.graph would also empty the allocator's cache."""
        graph = torch.cuda.CUDAGraph()
        current, capturing = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        capturing.wait_stream(current)
        with torch.cuda.stream(capturing):
            graph.capture_begin(capture_error_mode="thread_local")
            try:
                self._results = self._fused.step(x, y, optimizer)
            except BaseException:
                with contextlib.suppress(RuntimeError):  # it says again that the capture has failed
                    graph.capture_end()
                raise
            graph.capture_end()
        current.wait_stream(capturing)
        self._x, self._y, self._graph = x, y, graph
