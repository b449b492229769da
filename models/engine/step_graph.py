"""Steps that are recorded once and replayed: on a GPU their hundreds of kernels start as one.

A step of one model is over sooner than its kernels could be started one by one. Groups of lanes run beside each other,
each on a stream, with a graph of its own, so that a lane that comes or goes costs one capture. A test puts a double in
the place of the GPU, behind the same two doors. Knows neither lanes nor metrics.
"""

import contextlib
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch

STREAMS = 8  # on one GPU: 32 convolutional networks gained nothing more from 16
SWITCH = "STUDYHALL_GRAPHS"  # "0" in the environment: no graphs, as on a CPU


class StepGraph(Protocol):
    """One step: recorded from a function, then replayed on the same memory."""

    def capture(self, function: Callable[[], None]) -> None:
        """Record what a function does, without doing it.

        Raises:
            Exception: It cannot be recorded, or raises by itself. Nothing has been done then.
        """

    def replay(self) -> None:
        """Do what was recorded."""


class EagerGraph:
    """Calls the function itself: for what cannot be recorded."""

    def capture(self, function: Callable[[], None]) -> None:
        """Keep the function."""
        self._function = function

    def replay(self) -> None:
        """Call it."""
        self._function()


class Slot(Protocol):
    """A place where groups of lanes take turns."""

    def entered(self) -> AbstractContextManager[object]:
        """Let what is started inside run here, after all that was started here before."""

    def graph(self) -> StepGraph:
        """Return a graph without a step, to be captured and replayed here."""


class Slots(Protocol):
    """The places of one device, which run beside each other."""

    count: int  # how many there are

    def slot(self, number: int) -> Slot:
        """Return one, by its number from 0."""

    def fork(self) -> None:
        """Let all places wait for what was started outside of them."""

    def join(self) -> None:
        """Let what is started outside wait for all places."""


def slots_on(device: torch.device) -> Slots | None:
    """Return the places of a device; None where steps are started one by one: on a CPU, or where that is asked for."""
    return CudaSlots() if device.type == "cuda" and os.environ.get(SWITCH) != "0" else None


# --- CUDA: capture on a side stream after a warm-up there, as torch's notes on CUDA graphs say ------------------------


class CudaStepGraph:
    """A CUDA graph, captured and replayed on the current stream."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool

    def capture(self, function: Callable[[], None]) -> None:
        """Record the function's kernels. `torch.cuda.graph` would also wait for all streams and empty the cache."""
        graph = torch.cuda.CUDAGraph()
        graph.capture_begin(pool=self._pool, capture_error_mode="thread_local")
        try:
            function()
        except BaseException:
            with contextlib.suppress(RuntimeError):  # it says again that the capture has failed
                graph.capture_end()
            raise
        graph.capture_end()
        self._graph = graph

    def replay(self) -> None:
        """Start the kernels."""
        self._graph.replay()


class CudaSlot:
    """A stream, with what all graphs have that are replayed on it, one after another: their memory and a generator.

    A product's workspace is the stream's, too, so a graph must be captured where it is replayed. A generator's seed
    lies on the device once for all graphs that it was captured with: streams with one generator would overwrite it.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self.stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()
        self._default, self._own = generator, generator.clone_state()
        # A pool ends with the last of its graphs, and cannot be used again: this one stays.
        self._empty = CudaStepGraph(self._pool)
        # Where nothing can be captured, every group will find so, and tell the user.
        with torch.cuda.stream(self.stream), warnings.catch_warnings(), contextlib.suppress(RuntimeError):
            warnings.simplefilter("ignore")  # that the graph is empty
            self._empty.capture(lambda: None)

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Make the stream the current one, and let the default generator have its state."""
        outside = self._default.graphsafe_get_state()
        self._default.graphsafe_set_state(self._own)
        try:
            with torch.cuda.stream(self.stream):
                yield
        finally:
            self._default.graphsafe_set_state(outside)

    def graph(self) -> StepGraph:
        """Return a graph that shares the stream's memory."""
        return CudaStepGraph(self._pool)


class CudaSlots:
    """Streams of the current GPU."""

    def __init__(self, streams: int = STREAMS) -> None:
        torch.cuda.init()  # type: ignore[no-untyped-call]
        generator = torch.cuda.default_generators[torch.cuda.current_device()]
        self._slots, self.count = [CudaSlot(generator) for _ in range(streams)], streams

    def slot(self, number: int) -> Slot:
        """Return a stream."""
        return self._slots[number]

    def fork(self) -> None:
        """Let all streams wait for the current one."""
        for slot in self._slots:
            slot.stream.wait_stream(torch.cuda.current_stream())

    def join(self) -> None:
        """Let the current stream wait for all of them."""
        for slot in self._slots:
            torch.cuda.current_stream().wait_stream(slot.stream)
