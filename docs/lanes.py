"""python -m docs.lanes: draw lanes.svg, the figure of lanes.md: one fused product above, a search in ticks below.

Which lanes are placed and pruned in the lower half follows from the loop's own `balanced` and `SuccessiveHalving`; only
the scores are made up. A test holds the committed drawing to this file.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from search.loop.balance import balanced
from search.pruners.halving import SuccessiveHalving
from search.pruners.rung import RungScore, insert_sorted

FIGURE = Path(__file__).with_suffix(".svg")

WIDTH, HEIGHT = 760, 624
STYLE = """
  text { font: 12.5px system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; fill: #1c2026; }
  .small { font-size: 11px; fill: #5d6570; } .title { font-weight: 600; } .mid { text-anchor: middle; }
  .on { fill: #ffffff; font-size: 11px; text-anchor: middle; }
  .paper { fill: #fdfcfa; stroke: #d6d9de; } .rule { stroke: #d6d9de; } .arrow { stroke: #5d6570; fill: none; }
  .data { fill: #d6d9de; } .complete { fill: #0a5c9e; } .pruned { fill: #7d8692; } .baseline { fill: #b3560c; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e7e5e0; } .small { fill: #a2a9b3; } .on { fill: #14171b; }
    .paper { fill: #14171b; stroke: #363c45; } .rule { stroke: #363c45; } .arrow { stroke: #a2a9b3; }
    .data { fill: #363c45; } .complete { fill: #7cbcf0; } .pruned { fill: #8b94a0; } .baseline { fill: #eda25c; }
  }
"""

# --- what an SVG is made of -------------------------------------------------------------------------------------------


def box(x: float, y: float, width: float, height: float, kind: str, radius: float = 2) -> str:
    """Return a rectangle."""
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>'


def text(x: float, y: float, words: str, kind: str = "") -> str:
    """Return a line of text; y is its foot."""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{words}</text>'


def line(x: float, y: float, to_x: float, to_y: float, kind: str) -> str:
    """Return a straight line."""
    return f'<path class="{kind}" d="M{x:g} {y:g}L{to_x:g} {to_y:g}"/>'


# --- above: many first layers in one product --------------------------------------------------------------------------

UNITS = {"lane 1": 32, "lane 2": 96, "lane 3": 20, "lane 4": 64}


def product(top: float) -> Iterator[str]:
    """Draw W x = h with the lanes' rows in bands, and each lane's own last layer behind it."""
    scale, gap = 0.72, 3
    yield text(24, top, "One step of training: all lanes see the same minibatch", "title")
    y = top + 40
    tall = sum(units * scale + gap for units in UNITS.values())
    yield text(130, y - 12, "first layers, one below the other", "mid small")
    yield text(312, y - 12, "minibatch", "mid small")
    yield text(470, y - 12, "hidden units", "mid small")
    yield text(650, y - 12, "last layers", "mid small")
    yield box(272, y, 80, 112, "data")
    yield text(312, y + 50, "inputs ×", "mid small")
    yield text(312, y + 66, "examples", "mid small")
    yield text(251, y + 62, "×", "mid")
    yield text(391, y + 62, "=", "mid")
    at = y
    for name, units in UNITS.items():
        tall_band = units * scale
        middle = at + tall_band / 2
        yield box(40, at, 180, tall_band, "complete")
        yield text(130, middle + 4, f"{name}: {units} units × inputs", "on")
        yield box(430, at, 80, tall_band, "complete")
        yield line(516, middle, 590, middle, "arrow")
        yield box(596, middle - 7, 36, 14, "complete")
        yield text(640, middle + 4, f"loss of {name}", "small")
        at += tall_band + gap
    yield text(275, y + tall + 16, "one matrix product, without padding to the widest", "mid small")
    yield text(614, y + tall + 16, "one small product each", "mid small")
    backwards = "Backwards it is the same: one product gives the weight gradients of all first layers."
    yield text(24, y + tall + 40, backwards, "small")


# --- below: places, ticks, and who takes a free one -------------------------------------------------------------------

ENGINES, LANES, EPOCHS, TRIALS = 2, 4, 8, 26
RULE = SuccessiveHalving()


@dataclass
class Trial:
    """One bar of the figure."""

    number: int
    units: int
    engine: int
    place: int
    joined: int  # tick
    scores: list[RungScore] = field(default_factory=list)
    over: bool = False

    @property
    def complete(self) -> bool:
        """Whether it trained for all epochs."""
        return len(self.scores) == EPOCHS


def played() -> list[Trial]:
    """Play a search of made-up scores by the loop's own rules."""
    chance = random.Random(3)  # noqa: S311 - scores of a drawing
    quality = [0.5] + [chance.random() for _ in range(TRIALS)]
    units = [100] + [round(math.exp(chance.uniform(math.log(16), math.log(256)))) for _ in range(TRIALS)]
    trials: list[Trial] = []
    at_epoch: list[list[RungScore]] = [[] for _ in range(EPOCHS + 1)]
    tick = 0
    while not trials or any(not trial.over for trial in trials):
        tick += 1
        live = [trial for trial in trials if not trial.over]
        new = range(len(trials), min(TRIALS, len(trials) + ENGINES * LANES - len(live)))
        placed = {trial.number: (trial.engine, float(trial.units)) for trial in live}
        for number, engine in sorted(balanced({it: float(units[it]) for it in new}, placed, [LANES] * ENGINES).items()):
            taken = {trial.place for trial in trials if not trial.over and trial.engine == engine}
            place = next(place for place in range(TRIALS) if place not in taken)
            trials.append(Trial(number, units[number], engine, place, tick))
        live = [trial for trial in trials if not trial.over]
        for trial in live:
            epoch = len(trial.scores) + 1
            score = quality[trial.number] - 0.5**epoch
            trial.scores.append(RungScore((-score, 0.0, trial.number), score))
            insert_sorted(trial.scores[-1], at_epoch[epoch])
        for trial in live:
            epoch, mine = len(trial.scores), trial.scores[-1]
            behind = trial.number > 0 and RULE.is_rung(epoch) and RULE.below_cutoff(mine, at_epoch[epoch])
            trial.over = trial.complete or behind
    return trials


def ticks(top: float) -> Iterator[str]:
    """Draw the trials of both engines, tick by tick."""
    trials = played()
    last = max(trial.joined + len(trial.scores) - 1 for trial in trials)
    left, row = 96, 21
    wide = (WIDTH - left - 24) / last
    title = f"A search of {TRIALS} trials in {last} ticks: a place that gets free is taken at the next tick"
    yield text(24, top, title, "title")
    y = top + 36
    for tick in range(1, last + 1):
        yield text(left + (tick - 0.5) * wide, y - 8, str(tick), "mid small")
    yield text(24, y - 8, "tick", "small")
    for engine in range(ENGINES):
        mine = [trial for trial in trials if trial.engine == engine]
        rows = 1 + max(trial.place for trial in mine)
        yield text(24, y + rows * row / 2 + 4, f"engine {engine + 1}")
        for tick in range(last + 1):
            yield line(left + tick * wide, y, left + tick * wide, y + rows * row, "rule")
        for trial in mine:
            kind = "baseline" if trial.number == 0 else "complete" if trial.complete else "pruned"
            x = left + (trial.joined - 1) * wide
            long = len(trial.scores) * wide
            yield box(x + 1.5, y + trial.place * row + 2, long - 3, row - 4, kind)
            yield text(x + long / 2, y + trial.place * row + row / 2 + 4, str(trial.number), "on")
        y += rows * row + 14
    for x, kind, words in (
        (left, "baseline", "the baseline, never cut"),
        (left + 155, "complete", f"complete, {EPOCHS} epochs"),
        (left + 300, "pruned", "cut: in the worse half of all that reached epoch 1, 2 or 4"),
    ):
        yield box(x, y, 12, 12, kind)
        yield text(x + 18, y + 10, words, "small")


def figure() -> str:
    """Return the whole drawing."""
    parts = [box(0.5, 0.5, WIDTH - 1, HEIGHT - 1, "paper", 8), *product(32), *ticks(316)]
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    title = "<title>How lanes train: one product for all first layers, and places that are filled again</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *parts, "</svg>\n"])


if __name__ == "__main__":
    FIGURE.write_text(figure())
