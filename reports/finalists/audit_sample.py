"""Which pruned trials are audited, and what those that were say of all: a sample by where they were cut.

A trial that was cut late has come through earlier rungs: it is the likelier winner, and costs as much to run again as
one that was cut at once. So late cuts are drawn more often, and each band of epochs counts by how many it has.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from models.seeds import derive
from reports.figures.statistics import LEVEL, share_of_some
from search.config.study import Study
from search.trial import TrialRow


def band_of(epochs: int) -> int:
    """Return the band in which a trial was cut: 0 for epochs 1 and 2, 1 for 3 to 8, 2 for 9 to 26, ..."""
    band = 0
    while epochs >= 3 ** (band + 1):
        band += 1
    return band


def can_be_audited(row: TrialRow) -> bool:
    """Return whether pruning has cut a trial: it trained by itself, and did not diverge."""
    return row.state == "pruned" and row.diverged_at is None and row.joined is not None


def draw(study: Study, trials: Iterable[TrialRow], epochs: Mapping[int, int], number: int) -> list[TrialRow]:
    """Return `number` pruned trials, or all there are, as a function of the seed: a larger number adds to a smaller.

    Every band gets one, the latest first; the next goes to the band that has fewest for its trials times their epochs
    (the divisor method of Adams).

    Args:
        study: That they belong to.
        trials: All of it.
        epochs: After how many each was cut.
        number: How many are drawn.
    """
    pruned = [row for row in trials if can_be_audited(row)]
    bands: dict[int, list[TrialRow]] = {}
    for row in sorted(pruned, key=lambda row: derive(study.seed, "audit", row.number)):
        bands.setdefault(band_of(epochs[row.number]), []).append(row)
    weights = {band: sum(epochs[row.number] for row in rows) for band, rows in bands.items()}
    drawn: list[TrialRow] = []
    taken = dict.fromkeys(bands, 0)
    while len(drawn) < min(number, len(pruned)):
        open_bands = [band for band in bands if taken[band] < len(bands[band])]
        band = max(open_bands, key=lambda it: (weights[it] / taken[it] if taken[it] else math.inf, it))
        drawn.append(bands[band][taken[band]])
        taken[band] += 1
    return sorted(drawn, key=lambda row: row.number)


@dataclass(frozen=True)
class AuditedBand:
    """The pruned trials that were cut in one band of epochs."""

    first: int  # epoch of a cut
    last: int
    pruned: int
    gains: Sequence[float]  # of the audited ones: how far each ended above the search's best; negative below it

    @property
    def regrets(self) -> int:
        """How many would have beaten the best."""
        return sum(gain > 0 for gain in self.gains)

    @property
    def ties(self) -> int:
        """How many came to the same value as the best."""
        return sum(gain == 0 for gain in self.gains)

    @property
    def share(self) -> tuple[float, float]:
        """Between which shares of the band would have beaten the best."""
        return share_of_some(self.regrets, len(self.gains), self.pruned)


def share_of_all(bands: Sequence[AuditedBand]) -> tuple[float, float]:
    """Return between which shares of all pruned trials would have beaten the best.

    The bands' exact intervals, combined as squares (Zou and Donner 2008).
    """
    pruned = sum(band.pruned for band in bands)
    weights = [band.pruned / pruned for band in bands]
    means = [band.regrets / len(band.gains) for band in bands]
    mean = sum(weight * of for weight, of in zip(weights, means, strict=True))
    ends = [band.share for band in bands]
    below, above = (
        math.hypot(*(weight * (of - end[side]) for weight, of, end in zip(weights, means, ends, strict=True)))
        for side in (0, 1)
    )
    return max(0.0, mean - below), min(1.0, mean + above)


def mean_gain(bands: Sequence[AuditedBand]) -> tuple[float, float]:
    """Return the mean gain over all pruned trials, and half the width of its interval; NaN where too few are audited.

    The bands' means, weighted by their trials; the scatter within bands is taken for one (a stratified mean).
    """
    pruned, audited = sum(band.pruned for band in bands), sum(len(band.gains) for band in bands)
    mean = sum(band.pruned * float(np.mean(band.gains)) for band in bands) / pruned
    freedom = audited - len(bands)
    if freedom < 1:
        return mean, math.nan
    variance = sum(float(np.var(band.gains)) * len(band.gains) for band in bands) / freedom
    shares = sum((band.pruned / pruned) ** 2 / len(band.gains) * (1 - len(band.gains) / band.pruned) for band in bands)
    return mean, float(stats.t.isf((1 - LEVEL) / 2, freedom)) * math.sqrt(variance * shares)
