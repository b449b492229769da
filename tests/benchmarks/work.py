"""The work that the benchmarks share: training some fixed perceptrons on MNIST, and how a command is timed."""

import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

BATCH = 128


def configurations(trials: int) -> list[tuple[int, float]]:
    """Hidden sizes from 19 to 445 and learning rates from 0.01 to 0.3, both evenly on a log scale, rates shuffled."""
    widths = np.geomspace(19, 445, trials).round().astype(int)
    rates = np.random.Generator(np.random.PCG64(0)).permutation(np.geomspace(0.01, 0.3, trials))
    return [(int(width), float(rate)) for width, rate in zip(widths, rates, strict=True)]


def convolutional(trials: int) -> list[tuple[int, float]]:
    """16 channels each, and rates of Adam from 0.0005 to 0.005, evenly on a log scale."""
    return [(16, float(rate)) for rate in np.geomspace(5e-4, 5e-3, trials)]


def seconds(command: list[str], folder: Path) -> float:
    """The wall time of a whole process, its start included."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    taken = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}\n{done.stdout}")
    return taken


def in_turns(commands: dict[str, list[str]], folder: Path, rounds: int) -> dict[str, float]:
    """The least seconds of each command over some rounds, so that what else the machine does falls on all of them."""
    taken: dict[str, float] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            taken[name] = min(seconds(command, folder), taken.get(name, math.inf))
    return taken


def print_ratios(title: str, taken: dict[str, float]) -> None:
    """Print seconds by row, and how often each of Studyhall's rows goes into every row."""
    ours = [name for name in taken if name.startswith("Studyhall")]
    print_table(
        [title, "seconds", *(f"times {name}" for name in ours)],
        [[name, spent, *(spent / taken[us] for us in ours)] for name, spent in taken.items()],
    )


def print_table(head: list[str], rows: list[list[object]]) -> None:
    """Print a Markdown table."""
    for line in [head, ["---"] * len(head), *rows]:
        print_row(line)


def print_row(cells: Sequence[object]) -> None:
    """Print one line of a Markdown table."""
    told = [f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells]
    sys.stdout.write("| " + " | ".join(told) + " |\n")
    sys.stdout.flush()
