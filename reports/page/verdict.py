"""The verdict in words: what to believe of a study, and how sure that is. For the page and for optuna-dashboard.

Plain text only; whoever shows it makes it safe. Reads frames.py's findings and decides nothing that they do not say.
"""

from dataclasses import dataclass

from reports.frames import Final, Findings
from reports.statistics import LEVEL, Interval, compare, interval
from search.trial import TrialRow

Cell = tuple[str, str, str]  # a key figure: its name, its value, what it rests on


@dataclass(frozen=True)
class Verdict:
    """A headline, sentences that bear it out, and the key figures."""

    headline: str
    sentences: list[str]
    figures: list[Cell]


def verdict(found: Findings) -> Verdict:
    """Return what came out of a study, or out of what there is of it so far."""
    return _searched(found) if found.final is None else _tested(found, found.final)


def name(row: TrialRow) -> str:
    """`trial 33`, or `trial 0, the baseline two-layer notebook`."""
    return f"trial {row.number}" + (f", the baseline “{row.baseline}”" if row.baseline is not None else "")


def within(known: Interval) -> str:
    """`0.9794 to 0.9849`."""
    return f"{max(0.0, known.low):.4f} to {min(1.0, known.high):.4f}"


def signed(value: float) -> str:
    """`+0.0355`, `−0.0012`."""
    return f"{value:+.4f}".replace("-", "−")


def chance(p: float) -> str:
    """`p = 0.03`, `p < 0.001`."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def counted(number: int, thing: str) -> str:
    """`1 seed`, `5 seeds`, `10,000 images`."""
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def _searched(found: Findings) -> Verdict:
    """Before any finalist is retrained there is only the search's own word."""
    trials = found.trials
    if trials.empty:
        return Verdict("Nothing is known yet: the study has no trial.", [], [])
    ended = [f"{(trials['fate'] == fate).sum():,} {fate}" for fate in dict.fromkeys(trials["fate"].sort_values())]
    fates = f"Of {counted(len(trials), 'trial')} so far: {', '.join(ended)}."
    if found.best is None:
        return Verdict("Nothing is known yet: no trial is complete.", [fates], [])
    best = trials.loc[found.best]
    sentences = [
        f"That is the best of {int((trials['state'] == 'complete').sum()):,} complete trials on the images that chose "
        "it, so it is optimistic by an amount nobody knows. How good the configuration is, and whether it beats the "
        "baseline, only finalists can tell: trained again under several seeds and tested once.",
        fates,
    ]
    figures = [("best validation score", f"{best['validation_accuracy']:.4f}", f"trial {found.best}, one seed")]
    for row in found.rows:
        if row.baseline is not None:
            known = trials.loc[row.number]
            value = f"{known['validation_accuracy']:.4f}" if known["fate"] == "complete" else str(known["fate"])
            figures.append((f"baseline “{row.baseline}”", value, f"trial {row.number}, one seed"))
    return Verdict(
        f"The search's best is {name(found.row(found.best))}, with validation accuracy "
        f"{best['validation_accuracy']:.4f}; nothing is tested yet.",
        sentences,
        figures,
    )


def _tested(found: Findings, final: Final) -> Verdict:
    winner, baseline = final.winner, final.baseline
    known = interval(final.tested.hits(winner.number, final.seeds))
    rests = f"{counted(final.seeds, 'seed')} × {counted(len(final.tested.labels), final.tested.noun)}"
    headline = f"Trial {name(winner).removeprefix('trial ')}{',' if winner.baseline else ''} wins: test accuracy "
    headline += f"{known.mean:.4f} ({LEVEL:.0%} interval {within(known)})."
    figures = [("test accuracy", f"{known.mean:.4f}", f"{within(known)}; {rests}")]
    sentences = []
    if baseline is None:
        sentences.append("The study has no baseline that finished, so there is nothing to tell its gain against.")
    elif baseline == winner:
        sentences.append("No trial of the search did better than what its author already knew.")
    else:
        sentence, cell = _gain(final, baseline)
        sentences.append(sentence)
        figures.append(cell)
    sentences.append(_company(final))
    sentence, cell = _optimism(found, final)
    sentences.append(sentence)
    figures.append(cell)
    if baseline is not None and (published := published_accuracy(found, baseline)) is not None:
        ours = interval(final.tested.hits(baseline.number, final.seeds))
        side = "inside" if ours.low <= published <= ours.high else "above" if published > ours.high else "below"
        sentences.append(
            f"Published for “{baseline.baseline}”: {published:g}. The same configuration comes to {ours.mean:.4f} here "
            f"({within(ours)}); the published figure lies {side} that interval."
        )
        figures.append(("published", f"{published:g}", f"reproduced: {ours.mean:.4f}"))
    return Verdict(headline, sentences, figures)


def published_accuracy(found: Findings, baseline: TrialRow) -> float | None:
    """Return the test accuracy that a baseline's author reported."""
    words = next((it for it in found.study.baselines if it.name == baseline.baseline), None)
    return None if words is None else words.published.get("test_accuracy")


def _gain(final: Final, baseline: TrialRow) -> tuple[str, Cell]:
    winner = final.winner.number
    gap, p = compare(final.tested.hits(winner, final.seeds), final.tested.hits(baseline.number, final.seeds))
    mean = float(final.tested.hits(baseline.number, final.seeds).mean())
    apart = p < 1 - LEVEL
    told = "the two can be told apart" if apart else "the two cannot be told apart"
    only_one = "" if final.seeds > 1 else " One seed cannot say how much of that is the seed's luck."
    sentence = (
        f"That is {signed(gap.mean)} against {name(baseline)} ({mean:.4f}), with interval {signed(gap.low)} to "
        f"{signed(gap.high)}: {told} at {counted(final.seeds, 'seed')} ({chance(p)}, paired over seeds and "
        f"test {final.tested.noun}s)."
    )
    rests = f"{signed(gap.low)} to {signed(gap.high)}; {'told apart' if apart else 'not told apart'}"
    return sentence + only_one, ("gain over the baseline", signed(gap.mean), rests)


def inseparable(final: Final) -> list[int]:
    """Return the finalists that cannot be told apart from the winner."""
    mine = final.pairs[(final.pairs["first"] == final.winner.number) & ~final.pairs["apart"]]
    return [int(number) for number in mine["second"]]


def ahead_of_winner(final: Final) -> list[int]:
    """Return the finalists that the test set puts ahead of the winner, for certain."""
    mine = final.pairs[(final.pairs["first"] == final.winner.number) & final.pairs["apart"] & (final.pairs["gap"] < 0)]
    return [int(number) for number in mine["second"]]


def _company(final: Final) -> str:
    alike = inseparable(final)
    if len(final.ranked) == 1:
        return "It is the only finalist."
    if ahead := ahead_of_winner(final):
        return (
            f"On the test set trial{'s' if len(ahead) > 1 else ''} {listed([str(it) for it in ahead])} did better, and "
            "can be told apart from it; the rank was fixed before, on validation scores, and stays."
        )
    if not alike:
        return "It can be told apart from every other finalist (p values adjusted by Holm for their number)."
    numbers = listed([str(number) for number in alike])
    return (
        f"It cannot be told apart from trial{'s' if len(alike) > 1 else ''} {numbers} at "
        f"{counted(final.seeds, 'seed')}: take the cheapest of them with a clear conscience."
    )


def _optimism(found: Findings, final: Final) -> tuple[str, Cell]:
    best = found.best
    assert best is not None  # there are finalists
    score = float(found.trials["validation_accuracy"][best])
    again = [(final.rows[best, seed].validation or {}).get("accuracy", 0.0) for seed in range(final.seeds)]
    mean = sum(again) / len(again)
    gap = score - mean
    told = f"optimistic by {gap:.4f}" if gap > 0 else f"not optimistic ({-gap:.4f} below)"
    sentence = (
        f"The search's best validation score, {score:.4f} (trial {best}), was {told}: trained again on the same images "
        f"under {counted(final.seeds, 'new seed')}, that configuration comes to {mean:.4f}."
    )
    return sentence, ("optimism of the search", signed(gap), f"best score {score:.4f}, again {mean:.4f}")


def listed(words: list[str]) -> str:
    """`8`, `8 and 59`, `8, 29 and 59`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
