"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""

import math

import numpy as np

from models.config.base import Parameters
from models.seeds import derive
from search.config.conditions import exists, in_order, is_conditional
from search.config.samplers import Grid
from search.config.study import Study


def _cell(study: Study, grid: Grid, place: int) -> Parameters | None:
    """Cell `place` of the shuffled grid, or None behind its end."""
    names = sorted(grid.values)
    shape = tuple(len(grid.values[name]) for name in names)
    different = _branches(study, grid) if is_conditional(study.space) else None
    cells = math.prod(shape) if different is None else len(different)
    if place >= cells:
        return None
    order = np.random.Generator(np.random.PCG64(derive(study.seed, "grid"))).permutation(cells)
    if different is not None:
        return study.to_internal(different[order[place]])
    corner = np.unravel_index(order[place], shape)
    return study.to_internal({name: grid.values[name][int(index)] for name, index in zip(names, corner, strict=True)})


def _branches(study: Study, grid: Grid) -> list[Parameters]:
    """Every cell of a grid over a conditional space, once: a parameter is varied only where it exists."""
    cells: list[Parameters] = [{}]
    for name in in_order(study.space):
        of = study.space[name]
        grown = [[cell | {name: it} for it in grid.values[name]] if exists(of, cell) else [cell] for cell in cells]
        cells = [cell for several in grown for cell in several]
    return cells
