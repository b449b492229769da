"""Trials wait at rungs, and those go on that are expected to gain most. Imports no Optuna."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from search.front import standing
from search.pruners.base import Decision, PrunerConfig
from search.pruners.rung import RungScore

if TYPE_CHECKING:
    from search.curves.plan import Plan
    from search.loop.history import SearchHistory

# Share of the trials at a rung, from which time is estimated: .62 to .90 in four searches of RESULTS.md (2026-11-30).
USUALLY_GO_ON = 0.7
GAIN_WORTH = 0.05  # of the spread between best and median trial: less is not worth a paused trial's other epochs


class ExpectedGain(PrunerConfig):
    """Trials wait after a tenth, a fifth and two fifths of their epochs; a free lane goes to whoever promises most.

    A Gaussian process over all curves says where each trial may end. A free lane goes to the paused trial, or to the
    new one, that adds most to the expected best end for the square of the epochs that it still takes. So a good trial
    ends soon, one that was overtaken comes back when the others have levelled off, and late bloomers are found out by
    the few that were trained to their end. Once all trials have begun, paused ones go on until the best of them by
    expectation are complete and no other is expected to gain anything that counts.

    Example:
        >>> ExpectedGain(shares=(0.2, 0.5), finish=5)
    """

    name: Literal["expected_gain"] = "expected_gain"
    shares: tuple[float, ...] = Field(
        default=(0.1, 0.2, 0.4), description="Shares of the epochs after which trials wait."
    )
    finish: int = Field(default=5, ge=1, description="How many trials are complete at the end of a search, at least.")

    pauses: ClassVar[bool] = True

    def judge(self, epoch: int, score: RungScore, history: "SearchHistory") -> Decision:
        """Return "pause" at a rung."""
        return "pause" if epoch in self.rungs(history.study.epochs) else "continue"

    def promote(self, history: "SearchHistory", free: int) -> Sequence[int]:
        """Return the paused trials that the plan of this tick gives lanes to."""
        from search.curves.plan import plan
        from search.curves.settling import outlook

        study, begun = history.study, len(history.mirror)
        fixed = max(0, study.opening - begun)  # baselines, and what is learnt from other studies
        begin = 0 if study.sampler.pending(study, begun, history.mirror) else max(0, study.trials - begun - fixed)
        made = plan(history, free, begin=min(free, begin))
        if made and begin and study.until_settled and outlook(history, made) == "settled":
            begin, made = 0, plan(history, free, begin=0)
        if made is None:  # too little is known: the best go on
            return sorted(history.paused, key=lambda number: history.curves[number][-1].key)[:free] if not begin else ()
        if begin:
            history.mirror.sampler_state["plan"] = (history.tick, made)
            return made.resumed
        worth = self._worth_finishing(history, made)
        planned = [number for number in made.resumed if number in worth]
        others = sorted(worth - set(planned), key=lambda number: (-made.expected[number], number))
        return [*planned, *others][:free]

    def _worth_finishing(self, history: "SearchHistory", made: "Plan") -> set[int]:
        """Return the paused trials that go on when no new ones are begun."""
        cost, values = history.study.objective.cost, []
        for number, row in history.rows.items():
            if row.state == "complete" and row.value is not None and row.joined is not None:
                values.append((-cost(row.value), number))
        if history.study.objective.beside is not None:
            return self._on_the_front(history, made)
        ranked = sorted([*values, *((end, number) for number, end in made.expected.items())], reverse=True)
        leading = {number for _, number in ranked[: self.finish]}
        worth = {number for number, gain in made.gains.items() if gain > GAIN_WORTH * made.spread}
        return made.expected.keys() & (leading | worth)

    def _on_the_front(self, history: "SearchHistory", made: "Plan") -> set[int]:
        """Return the paused trials that are expected to end on the front of two objectives, or just behind it."""
        first, second = history.study.objective.all
        points = {number: (-end, made.second[number]) for number, end in made.expected.items()}
        for number, row in history.rows.items():
            if row.state == "complete" and row.value is not None and row.second is not None:
                points[number] = (first.cost(row.value), second.place(row.second))
        stand = dict(zip(points, standing(list(points.values())), strict=True))
        ranked = sorted(points, key=lambda number: (stand[number], number))
        front = sum(layer == 0 for layer, _ in stand.values())
        return made.expected.keys() & set(ranked[: max(front, self.finish)])

    def rungs(self, epochs: int) -> Mapping[int, float]:
        """Return the epochs after which trials wait, each with the share that usually goes on."""
        rungs = sorted({max(1, round(share * epochs)) for share in self.shares})
        return {rung: USUALLY_GO_ON for rung in rungs if rung < epochs}

    def describe(self, epochs: int) -> str:
        """Return where trials wait."""
        if not (rungs := [str(rung) for rung in self.rungs(epochs)]):
            return "no trial waits before its last epoch"
        where = f"epoch{'s' * (len(rungs) > 1)} {', '.join(rungs)}"
        return f"trials wait after {where}; those go on that are expected to gain most"
