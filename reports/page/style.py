"""The drawings of the report. Each is made from one of frames.py's frames, for a wide page and for a narrow one.

Colours are those of the page's light theme; page.py turns them into the page's own variables, so that a drawing inside
the page follows its theme, while the files beside it stand on their own. Accuracies are drawn on the logarithm of the
error: the way from 0.98 to 0.99 is as long as that from 0.5 to 0.75. Called by page.py; knows no database.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator
from numpy.typing import NDArray

from reports.frames import FATES
from search.config.space import Choice, Float, Int, Range

INK, MUTED, RULE = "#1c2026", "#5d6570", "#d6d9de"
WINNER, BASELINE, PLAIN, FAINT, BAD = "#0a5c9e", "#b3560c", "#4f9bd1", "#a5acb6", "#b4281f"
PALETTE = {"ink": INK, "muted": MUTED, "rule": RULE, "winner": WINNER, "baseline": BASELINE}
PALETTE |= {"plain": PLAIN, "faint": FAINT, "bad": BAD}
OF_FATE = {"complete": PLAIN, "pruned": FAINT, "diverged": BAD, "failed": BAD, "running": MUTED}

WIDE, NARROW, HALF = 6.7, 3.5, 3.3  # inches; a letter is as large on a telephone as on a desk
MANY = 600  # marks or lines above which they are drawn as a picture: as paths they would fill the page
FEW = 8  # whole numbers up to which each has a place of its own on an axis, as the values of a choice have
LEAST_ERROR = 1e-4  # no error at all, and no loss, have no place on a logarithmic axis
_STEPS = ((1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8))  # errors that axes are ticked at, times powers of ten

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "studyhall",  # the same drawing is the same file
    "font.family": "sans-serif",
    "font.size": 8.5,
    "axes.edgecolor": RULE,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 8.5,
    "axes.titlesize": 9,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "xtick.color": RULE,
    "ytick.color": RULE,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "text.color": INK,
    "legend.frameon": False,
    "legend.labelcolor": MUTED,
    "legend.handlelength": 1.4,
    "path.simplify": True,
}


@dataclass(frozen=True)
class Drawing:
    """One figure: what it is called, shows and says, and how it is drawn at a width in inches."""

    key: str  # the stem of its files
    title: str
    alt: str  # what it shows, for those who cannot see it
    frame: pd.DataFrame
    draw: Callable[[float], Figure]
    caption: str = ""
    half: bool = field(default=False)  # two stand side by side where there is room


@contextmanager
def style() -> Iterator[None]:
    """Draw and save inside."""
    with mpl.rc_context(_STYLE):
        yield


# --- parts of drawings ------------------------------------------------------------------------------------------------


def _figure(width: float, height: float, *, head: float | None = None, **grid: Any) -> tuple[Figure, Any]:
    """Return a transparent figure and its axes.

    `head` is the room above them in inches, for a legend, where the other margins are those that numbers need; without
    it the layout is found from the labels, which takes twice as long to draw.
    """
    figure = Figure(figsize=(width, height), layout="constrained" if head is None else None)
    figure.patch.set_alpha(0.0)
    axes = figure.subplots(**grid)
    if head is not None:
        left, right, foot, between = 0.58, 0.06, 0.45, 0.6
        figure.subplots_adjust(left / width, foot / height, 1 - right / width, 1 - head / height)
        rows, columns = grid.get("nrows", 1), grid.get("ncols", 1)
        if columns > 1:
            figure.subplots_adjust(wspace=between / ((width - left - right - between) / columns))
        if rows > 1:
            figure.subplots_adjust(hspace=between / ((height - foot - head - between) / rows))
    for each in np.atleast_1d(axes).ravel():
        each.patch.set_alpha(0.0)
        each.tick_params(length=0, which="both")
    return figure, axes


def error(accuracy: Any) -> NDArray[np.float64]:
    """Return errors that have a place on a logarithmic axis."""
    return np.maximum(LEAST_ERROR, 1.0 - np.asarray(accuracy, float))


def _accuracies(axes: Axes, which: Literal["x", "y"], errors: NDArray[np.float64], label: str) -> None:
    """Let an axis of errors be read as accuracies that grow along it, over the range of `errors`."""
    known = errors[np.isfinite(errors)]
    best, worst = (float(known.min()), float(known.max())) if len(known) else (0.01, 1.0)
    best, worst = best / 1.12, min(1.0, worst * 1.12)
    axes.set(**{f"{which}scale": "log", f"{which}lim": (worst, best)})
    axis = axes.xaxis if which == "x" else axes.yaxis
    inside: list[float] = []
    for steps in _STEPS:
        errors_ticked = [step * 10.0**power for power in range(-5, 1) for step in steps]
        inside = [it for it in errors_ticked if best <= it <= min(1.0, worst)]
        if len(inside) >= 4:
            break
    else:
        if len(inside) < 3:  # a short range: even steps
            low, high = 1.0 - worst, 1.0 - best
            inside = [1.0 - float(it) for it in MaxNLocator(4).tick_values(low, high) if low <= it <= high and it < 1.0]
    axis.set_major_locator(FixedLocator(inside))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda it, _: f"{1.0 - it:.6g}"))
    axis.set_label_text(label)


def _legend(axes: Axes, columns: int, *, many: bool = False) -> None:
    axes.legend(
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=columns,
        borderaxespad=0.2,
        columnspacing=1.2,
        markerscale=3.0 if many else 1.0,
    )


# --- the finalists ----------------------------------------------------------------------------------------------------

SHOWN_FINALISTS = 20


def seeds(frame: pd.DataFrame, spread: pd.DataFrame, width: float) -> Figure:
    """Draw every finalist's seeds, mean and interval."""
    spread = spread[spread["rank"] <= SHOWN_FINALISTS]
    frame = frame[frame["rank"] <= SHOWN_FINALISTS]
    figure, axes = _figure(width, 0.7 + 0.36 * len(spread))
    labels = []
    for line in spread.itertuples():
        mine = frame[frame["trial"] == line.trial]
        baseline = isinstance(mine["baseline"].iloc[0], str)
        colour = WINNER if line.rank == 1 else BASELINE if baseline else PLAIN
        axes.plot(error([line.low, line.high]), [line.rank] * 2, color=colour, linewidth=5, alpha=0.25)
        axes.plot(error([line.mean]), [line.rank], "|", color=colour, markersize=13, markeredgewidth=2)
        axes.plot(error(mine["test_accuracy"]), [line.rank] * len(mine), "o", color=colour, markersize=3.5, alpha=0.85)
        labels.append(f"trial {line.trial}" + ("\n(baseline)" if baseline else ""))
    axes.set_yticks(spread["rank"], labels)
    axes.set_ylim(len(spread) + 0.6, 0.4)
    axes.grid(False, axis="y")
    _accuracies(axes, "x", error([*frame["test_accuracy"], *spread["low"], *spread["high"]]), "test accuracy")
    return figure


# --- the search -------------------------------------------------------------------------------------------------------


def history(frame: pd.DataFrame, width: float) -> Figure:
    """Draw every trial's score and the best so far."""
    figure, axes = _figure(width, 2.7, head=0.3 if width > NARROW else 0.46)
    many = len(frame) > MANY
    for fate in FATES:
        mine = frame[(frame["fate"] == fate) & frame["validation_accuracy"].notna()]
        if len(mine):
            axes.plot(
                mine["number"],
                error(mine["validation_accuracy"]),
                "o",
                color=OF_FATE[fate],
                markersize=1.5 if many else 3.5,
                markeredgewidth=0,
                label=fate,
                rasterized=many,
            )
    if frame["best_so_far"].notna().any():
        axes.step(
            frame["number"], error(frame["best_so_far"]), where="post", color=WINNER, linewidth=1.5, label="best so far"
        )
    _accuracies(axes, "y", error(frame["validation_accuracy"].astype(float)), "validation accuracy")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("trial")
    _legend(axes, 4 if width > NARROW else 3, many=many)
    return figure


def curves(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the validation accuracy of trials over epochs, each in the `part` it plays (frames.learning_frame)."""
    figure, axes = _figure(width, 2.9, head=0.3 if width > NARROW else 0.46)
    colours = {"pruned": FAINT, "complete": PLAIN, "baseline": BASELINE, "best": WINNER, "winner": WINNER}
    kinds = {"pruned": (0.7, 0.45), "complete": (0.8, 0.55), "baseline": (1.8, 1.0)}
    sound = frame[np.isfinite(frame["validation_loss"])]
    for part, colour in colours.items():
        mine = sound[sound["part"] == part]
        points = np.column_stack([mine["epoch"], error(mine["validation_accuracy"])])
        starts = np.flatnonzero(np.diff(mine["trial"], prepend=-1))
        lines = np.split(points, starts[1:]) if len(points) else []
        if not lines:
            continue
        weight, alpha = kinds.get(part, (2.2, 1.0))
        label = f"{part} ({len(lines):,})" if part in ("pruned", "complete") else part
        if len(lines) > MANY:  # evenly chosen ones: all would be a blot
            label = f"{part} ({MANY} of {len(lines):,})"
            lines = [lines[place] for place in np.linspace(0, len(lines) - 1, MANY).round().astype(int)]
        as_picture = len(lines) > MANY // 2
        collected = LineCollection(
            lines, colors=colour, linewidths=weight, alpha=alpha * (0.5 if as_picture else 1.0), rasterized=as_picture
        )
        axes.add_collection(collected)
        alone = np.array([line[0] for line in lines if len(line) == 1])
        if len(alone):  # pruned after one epoch: a line of no length
            axes.plot(*alone.T, "o", color=colour, markersize=2, markeredgewidth=0, alpha=alpha, rasterized=as_picture)
        axes.plot([], [], color=colour, linewidth=max(1.2, weight), label=label)
    last = int(sound["epoch"].max()) if len(sound) else 1
    axes.set_xlim(1 - 0.02 * last, last * 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.set_xlabel("epoch")
    _accuracies(axes, "y", error(sound["validation_accuracy"]), "validation accuracy")
    _legend(axes, 4 if width > NARROW else 2)
    return figure


def parameter(frame: pd.DataFrame, name: str, searched: Range, winner: int | None, width: float) -> Figure:
    """Draw the scores of all trials over one parameter, with its bounds."""
    figure, axes = _figure(width, 2.3, head=0.1)
    places = _places(frame, searched)
    errors = error(frame["validation_accuracy"].astype(float))
    for fate in FATES:
        mine = (frame["fate"] == fate).to_numpy()
        scored = mine & np.isfinite(errors)
        many = int(mine.sum()) > MANY
        size = 1.5 if many else 3.5
        axes.plot(
            places[scored],
            errors[scored],
            "o",
            color=OF_FATE[fate],
            markersize=size,
            markeredgewidth=0,
            alpha=0.8,
            rasterized=many,
        )
        unscored = mine & ~np.isfinite(errors)  # diverged at once: at the foot of the drawing
        axes.plot(
            places[unscored],
            np.full(int(unscored.sum()), 0.02),
            "x",
            color=OF_FATE[fate],
            markersize=3.5,
            transform=axes.get_xaxis_transform(),
            rasterized=many,
        )
    best = (frame["number"] == winner).to_numpy()
    axes.plot(
        places[best],
        errors[best],
        "o",
        markersize=8,
        markerfacecolor="none",
        markeredgecolor=WINNER,
        mew=1.6,
        clip_on=False,
    )
    if (few := _few(searched)) or isinstance(searched, Choice):
        axes.set_xticks(range(len(few)), few)
        axes.set_xlim(-0.6, len(few) - 0.4)
    else:
        if searched.log:
            axes.set_xscale("log")
            axes.xaxis.set_minor_formatter(NullFormatter())
            if searched.high / searched.low < 1e3:
                between = (1.0, 2.0, 5.0) if searched.high / searched.low < 1e2 else (1.0, 3.0)
                axes.xaxis.set_major_locator(LogLocator(subs=between))
                axes.xaxis.set_major_formatter(FuncFormatter(lambda it, _: f"{it:g}"))
        for bound in (searched.low, searched.high):
            axes.axvline(bound, color=BASELINE, linewidth=1.0, linestyle=(0, (3, 2)))
    axes.set_xlabel(name + (" (low end: none)" if isinstance(searched, Float) and searched.low_is_zero else ""))
    _accuracies(axes, "y", errors, "validation accuracy")
    return figure


def _few(searched: Range) -> list[str]:
    """The values of a range that has few, as its axis names them, one as far from the next as all; else none."""
    if isinstance(searched, Float):
        return []
    if isinstance(searched, Int):
        values = searched.values or range(searched.low, searched.high + 1, searched.step)
        return [str(value) for value in values] if len(values) <= FEW else []
    return [str(value) for value in searched.values]


def _places(frame: pd.DataFrame, searched: Range) -> NDArray[np.float64]:
    """Where values lie on a parameter's axis; those of a range of few are spread out a little, the same every time."""
    if few := _few(searched):
        middle = frame["value"].map(str).map({value: place for place, value in enumerate(few)})
        return np.asarray(middle, float) + ((frame["number"] * 0.618) % 1.0 - 0.5).to_numpy(float) * 0.5
    values: NDArray[np.float64] = frame["value"].to_numpy(float).copy()
    if isinstance(searched, Float) and searched.low_is_zero:
        values[values == 0.0] = searched.low
    return values


def importance(frame: pd.DataFrame, width: float) -> Figure:
    """Draw each parameter's share."""
    figure, axes = _figure(width, 0.6 + 0.3 * len(frame))
    axes.barh(frame["parameter"], frame["importance"], color=PLAIN, height=0.55)
    for place, value in enumerate(frame["importance"]):
        axes.annotate(f"{value:.2f}", (value, place), (5, 0), textcoords="offset points", va="center", color=MUTED)
    axes.invert_yaxis()
    axes.set_xlim(0, max(0.05, float(frame["importance"].max()) * 1.15))
    axes.set_xlabel("share of importance")
    axes.grid(False, axis="y")
    return figure


def times(frame: pd.DataFrame, width: float) -> Figure:
    """Draw the seconds of training by what became of the trials."""
    figure, axes = _figure(width, 0.6 + 0.34 * len(frame))
    axes.barh(frame["fate"], frame["seconds"], color=[OF_FATE[fate] for fate in frame["fate"]], height=0.6)
    most = max(1e-9, float(frame["seconds"].max()))
    for place, (trials, epochs, seconds) in enumerate(
        zip(frame["trials"], frame["epochs"], frame["seconds"].astype(float), strict=True)
    ):
        inside = seconds > 0.55 * most
        axes.annotate(
            f"{trials:,} trials, {epochs:,} epochs",
            (seconds, place),
            (-5 if inside else 5, 0),
            textcoords="offset points",
            va="center",
            ha="right" if inside else "left",
        )
    axes.invert_yaxis()
    axes.set_xlim(0, most * 1.03)
    axes.set_xlabel("seconds of training, summed over lanes")
    axes.grid(False, axis="y")
    return figure


# --- the winner -------------------------------------------------------------------------------------------------------


def winner(frame: pd.DataFrame, width: float) -> Figure:
    """Draw loss and accuracy over epochs, on what it trained on and on what it did not."""
    side = width > NARROW
    figure, (left, right) = _figure(
        width, 2.6 if side else 4.6, head=0.3, nrows=1 if side else 2, ncols=2 if side else 1
    )
    for axes, quantity in ((left, "loss"), (right, "accuracy")):
        for part, colour in (("train", BASELINE), ("validation", WINNER)):
            known = frame[f"{part}_{quantity}"]
            values = frame.assign(y=error(known) if quantity == "accuracy" else known.clip(lower=LEAST_ERROR))
            for _, mine in values.groupby("seed"):
                axes.plot(mine["epoch"], mine["y"], color=colour, linewidth=0.6, alpha=0.45)
            mean = values.groupby("epoch")["y"].mean()
            axes.plot(mean.index, mean, color=colour, linewidth=1.8, label=part)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel("epoch")
    left.set_yscale("log")
    left.yaxis.set_major_formatter(FuncFormatter(lambda it, _: f"{it:g}"))
    left.yaxis.set_minor_formatter(FuncFormatter(lambda it, _: f"{it:g}" if str(f"{it:e}")[0] in "25" else ""))
    left.set_ylabel("loss per image")
    both = np.concatenate([error(frame["train_accuracy"]), error(frame["validation_accuracy"])])
    _accuracies(right, "y", both, "accuracy")
    _legend(left, 2)
    return figure


def confusion(frame: pd.DataFrame, models: int, width: float) -> Figure:
    """Draw the confusion matrix: images per model, rows true classes, columns predicted ones."""
    classes = list(dict.fromkeys(frame["true"]))
    size = min(width, 5.2)
    figure, axes = _figure(size, size * 0.94)
    shares = frame["share"].to_numpy().reshape(len(classes), -1)
    counts = frame["images"].to_numpy().reshape(len(classes), -1) / models
    errors = shares.copy()
    np.fill_diagonal(errors, 0.0)
    worst = max(errors.max(), 1e-9)
    for (row, column), share in np.ndenumerate(shares):
        right = row == column
        alpha = 0.15 + 0.5 * share if right else 0.75 * share / worst
        colour = WINNER if right else BAD
        axes.add_patch(mpl.patches.Rectangle((column - 0.5, row - 0.5), 1, 1, color=colour, alpha=alpha, linewidth=0))
        if (count := counts[row, column]) > 0:
            told = f"{count:.0f}" if count >= 9.95 else f"{count:.1f}"
            axes.text(column, row, told, ha="center", va="center", fontsize=6.2 if width <= NARROW else 8)
    long = max(map(len, classes)) > 2
    axes.set_xticks(range(len(classes)), classes, rotation=45 if long else 0, ha="right" if long else "center")
    axes.set_yticks(range(len(classes)), classes)
    axes.set(xlim=(-0.5, len(classes) - 0.5), ylim=(len(classes) - 0.5, -0.5), xlabel="predicted", ylabel="true")
    axes.set_aspect("equal")
    axes.grid(False)
    return figure


def weights(units: NDArray[np.float32], width: float) -> Figure:
    """Draw the weights of hidden units as one mosaic: blue pushes a unit, red holds it back.

    `units` are (units, height, width), or with 3 colours behind: then grey is no weight, and a unit is pushed by the
    colours that its picture has more of.
    """
    columns = 16 if width > NARROW and len(units) > 16 else min(8, len(units))
    rows = -(-len(units) // columns)
    most = float(np.quantile(np.abs(units), 0.995)) or 1.0
    high, wide, *colours = units.shape[1:]
    if colours:
        units = (0.5 + units / (2 * most)).clip(0.0, 1.0)
    mosaic = np.full((rows * (high + 2), columns * (wide + 2), *colours), 1.0 if colours else np.nan)
    for number, unit in enumerate(units):
        top, left = (number // columns) * (high + 2), (number % columns) * (wide + 2)
        mosaic[top : top + high, left : left + wide] = unit
    figure = Figure(figsize=(width, width * rows / columns))
    figure.patch.set_alpha(0.0)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.imshow(mosaic, cmap="RdBu", vmin=-most, vmax=most, interpolation="none")
    axes.set_axis_off()
    return figure


def gallery(frame: pd.DataFrame, pictures: Sequence[NDArray[np.uint8]], width: float) -> Figure:
    """Draw the pictures that are most confidently wrong, each with its predicted and its true class."""
    columns = 8 if width > NARROW else 4
    rows = max(1, -(-len(frame) // columns))
    figure, grid = _figure(width, rows * (width / columns + 0.25), nrows=rows, ncols=columns, squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes, line, picture in zip(grid.ravel(), frame.itertuples(), pictures, strict=False):
        axes.imshow(picture, interpolation="none")
        axes.set_title(f"{line.predicted}, not {line.true}", fontsize=6.5, loc="center", pad=2)
    return figure
