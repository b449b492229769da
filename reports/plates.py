"""Which figures a report has: their frames, what they say, and who draws them. Called by page.py and shelf.py."""

from collections.abc import Callable
from functools import partial

import pandas as pd
from matplotlib.figure import Figure

from reports import figures, frames
from reports.figures import Drawing
from reports.frames import Final, Findings
from reports.statistics import LEVEL
from reports.verdict import counted
from search.config.conditions import condition


def _drawing(
    key: str, title: str, frame: pd.DataFrame, draw: Callable[[float], Figure], alt: str, caption: str = ""
) -> Drawing:
    return Drawing(key, title, alt, frame, draw, caption)


def of_finalists(final: Final) -> list[Drawing]:
    """All seeds of all finalists."""
    frame, spread = frames.seeds_frame(final), frames.spread(final)
    if len(spread) > figures.SHOWN_FINALISTS:
        more = f" The first {figures.SHOWN_FINALISTS} of {len(spread)} finalists; the table has all."
    else:
        more = ""
    first = spread.iloc[0]
    return [
        _drawing(
            "finalists",
            "Test accuracy of every seed",
            frame,
            partial(figures.seeds, frame, spread),
            f"Test accuracy of {counted(len(spread), 'finalist')} by rank, with a mark for each of "
            f"{counted(final.seeds, 'seed')}. First in rank is trial {first['trial']:.0f}, mean {first['mean']:.4f}.",
            f"A dot is a seed, a stroke the mean, a band the {LEVEL:.0%} interval. By rank, which was fixed before the "
            f"test set was opened.{more}",
        )
    ]


def of_search(found: Findings) -> list[Drawing]:
    """The course of the search."""
    history, learning, times = frames.history_frame(found), frames.learning_frame(found), frames.time_frame(found)
    drawn = []
    if history["validation_accuracy"].notna().any():
        best = "" if found.best is None else f" The best complete one is trial {found.best}."
        drawn.append(
            _drawing(
                "history",
                "Every trial, in the order they were drawn",
                history,
                partial(figures.history, history),
                f"Validation accuracy of {counted(len(history), 'trial')} by number, with the best so far.{best}",
                "A pruned trial stands where it was cut.",
            )
        )
        drawn.append(
            _drawing(
                "curves",
                "Learning curves",
                learning,
                partial(figures.curves, learning),
                f"Validation accuracy over {counted(found.study.epochs, 'epoch')} of every trial: pruned ones end "
                "early, the winner and the baselines stand out.",
                "Validation accuracy after each epoch.",
            )
        )
    drawn.append(
        _drawing(
            "times",
            "Where the training time went",
            times,
            partial(figures.times, times),
            "Seconds of training by what became of the trials: "
            + ", ".join(f"{row.fate} {row.seconds:.0f}" for row in times.itertuples())
            + ".",
        )
    )
    return drawn


def of_parameters(found: Findings) -> list[Drawing]:
    """One scatter for each searched parameter."""
    frame = frames.parameters_frame(found)
    drawn = []
    for name, searched in found.study.space.items():
        mine = frame[frame["parameter"] == name].reset_index(drop=True)
        if not mine["validation_accuracy"].notna().any():
            continue  # no trial that has it has come to a score
        where = condition(searched)
        drawn.append(
            Drawing(
                f"parameter-{name}",
                name,
                f"Validation accuracy over {name}, searched {searched}{where and f' {where}'}.",
                mine,
                partial(figures.parameter, mine, name, searched, found.shown),
                f"Exists {where}." if where else "",
                half=True,
            )
        )
    return drawn


def of_importance(found: Findings) -> Drawing | str:
    """Parameter importance, or why there is none."""
    frame = frames.importance_frame(found)
    if isinstance(frame, str):
        return frame
    taken = int(frame["trials"].iloc[0])
    complete = sum(row.state == "complete" and row.joined is not None for row in found.rows)
    of = f"{complete:,} complete trials" if taken == complete else f"{taken:,} of {complete:,} complete trials"
    return _drawing(
        "importance",
        "Which parameter matters",
        frame,
        partial(figures.importance, frame),
        "Importance: " + ", ".join(f"{row.parameter} {row.importance:.2f}" for row in frame.itertuples()) + ".",
        f"PED-ANOVA (Watanabe et al. 2023, arXiv 2304.10255) over {of}: how much each "
        "parameter alone tells the best tenth from the rest.",
    )


def of_trial(found: Findings, trial: int) -> list[Drawing]:
    """A trial's epochs and, where it is tested, its confusions."""
    frame = frames.epochs_frame(found, trial)
    runs = frame["seed"].nunique()
    drawn = [
        _drawing(
            f"trial-{trial}-epochs",
            f"Trial {trial} over epochs",
            frame,
            partial(figures.winner, frame),
            f"Loss and accuracy of trial {trial} over {counted(found.study.epochs, 'epoch')}, on training and "
            "validation examples.",
            (
                f"Trained on the training part under {counted(runs, 'seed')}: thin lines are seeds, thick ones their "
                "mean. "
                if found.final is not None
                else "As it was trained in the search. "
            )
            + "Training figures are running means over the epoch, validation figures are taken after it.",
        )
    ]
    if found.final is not None:
        confusion = frames.confusion_frame(found.final, trial)
        drawn.append(
            _drawing(
                f"trial-{trial}-confusion",
                "Which class is taken for which",
                confusion,
                partial(figures.confusion, confusion, found.final.seeds),
                f"Confusion matrix of trial {trial}: {_worst(confusion, found.final.tested.noun)}.",
                f"Test {found.final.tested.noun}s per model, mean over {counted(found.final.seeds, 'seed')}. Rows are "
                "true classes, columns predicted ones.",
            )
        )
    return drawn


def _worst(confusion: pd.DataFrame, noun: str) -> str:
    wrong = confusion[confusion["true"] != confusion["predicted"]]
    worst = wrong.sort_values("share", ascending=False).iloc[0]
    if not worst["images"]:
        return "nothing is mistaken for anything else"
    return f"most often {worst['true']} is taken for {worst['predicted']}, {worst['share']:.1%} of its {noun}s"


def of_mistakes(found: Findings, final: Final) -> Drawing | None:
    """The most confidently wrong test pictures, if any were wrong and they are pictures."""
    if final.tested.is_table:
        return None
    frame = frames.gallery_frame(final, final.winner.number)
    if frame.empty:
        return None
    shown = [final.tested.picture(place) for place in frame["picture"]]
    return _drawing(
        "mistakes",
        "Most confidently wrong",
        frame,
        partial(figures.gallery, frame, shown),
        f"The {counted(len(frame), 'test picture')} that trial {final.winner.number} gets most confidently wrong.",
        f"Of {counted(len(final.tested.labels), 'test image')}, by the mean probability over "
        f"{counted(final.seeds, 'seed')}. Predicted class and its probability first, then the true class.",
    )


def of_weights(found: Findings) -> Drawing | str:
    """The first layer of the winner, or why there is no picture of it."""
    if found.final is None:
        return "No model is kept: nothing was retrained."
    if found.final.tested.is_table:
        return "The data are a table: there are no pictures to show."
    units = frames.hidden_weights(found)
    if units is None:
        return f"The first layer of this family ({found.study.family.label}) does not look at whole pictures."
    classes = len(found.final.tested.classes)
    which = "the classes, in their order" if len(units) == classes else f"the {len(units)} units with the longest rows"
    frame = pd.DataFrame({"unit": range(len(units)), "length": [float((unit**2).sum() ** 0.5) for unit in units]})
    return _drawing(
        "weights",
        "What the first layer looks at",
        frame,
        partial(figures.weights, units),
        f"Weights of {counted(len(units), 'unit')} of the first layer as pictures.",
        f"Weights of {which}, trial {found.final.winner.number} under its first seed. "
        + (
            "Blue pixels push a unit, red ones hold it back."
            if units.ndim == 3
            else "Grey is no weight; a unit is pushed by the colours that it shows and held back by the opposite ones."
        ),
    )
