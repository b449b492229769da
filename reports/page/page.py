"""The report: one page that needs nothing else, and beside it every figure as CSV, PNG and SVG.

`write` turns frames.py's findings into files. The page is page.html filled by Jinja2, which escapes whatever a study
brings in; only our own drawings are put in as they are. The same record makes the same page, to the letter: it bears no
time of its own. Called by export.py; reads the findings and nothing else.
"""

import base64
import io
import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from matplotlib.image import imsave

from reports import figures, frames, plates
from reports.checks import checks
from reports.figures import NARROW, PALETTE, WIDE, Drawing
from reports.frames import Final, Findings
from reports.statistics import LEVEL, share
from reports.verdict import chance, counted, verdict
from search.trial import TrialRow

LARGEST = 1.55  # pixels of the page to a point of a drawing, at most: its letters are then as large as the page's own
BEST_TRIALS = 50  # in the page's table; trials.csv has all


@dataclass(frozen=True)
class Column:
    """One column of a table on the page."""

    label: str
    of: str  # the column of the frame
    show: Callable[[Any], str] = str
    title: str = ""  # what it means, where the label does not say it all

    def cell(self, value: Any) -> str:
        """What stands in a cell; nothing where nothing is known."""
        return "" if pd.isna(value) else self.show(value)


@dataclass(frozen=True)
class Table:
    """One table on the page, which sorts by any of its columns."""

    columns: list[Column]
    frame: pd.DataFrame


def write(found: Findings, folder: Path, again: Mapping[str, int]) -> Path:
    """Write the page and its figures into a folder; returns the page.

    `again` are the options of the export that made the finalists, like {"top": 3}, for the page to repeat.
    """
    drawn: dict[str, Markup] = {}
    beside = folder / "figures"
    beside.mkdir(parents=True, exist_ok=True)
    importance, weights = plates.of_importance(found), plates.of_weights(found)
    sections: dict[str, list[Drawing]] = {"finalists": [], "winner": []}
    sections["search"] = plates.of_search(found) if len(found.trials) else []
    sections["parameters"] = plates.of_parameters(found) if found.trials["validation_accuracy"].notna().any() else []
    sections["importance"] = [importance] if isinstance(importance, Drawing) else []
    sections["weights"] = [weights] if isinstance(weights, Drawing) else []
    if found.shown is not None:
        sections["winner"] = plates.of_trial(found, found.shown)
    mistakes = None
    if found.final is not None:
        sections["finalists"] = plates.of_finalists(found.final)
        mistakes = plates.of_mistakes(found, found.final)
    with figures.style():
        for section in sections.values():
            for drawing in section:
                drawn[drawing.key] = _save(drawing, beside)
        if mistakes is not None:
            _save(mistakes, beside)
    page = _environment().get_template("page.html")
    text = page.render(
        found=found,
        verdict=verdict(found),
        checks=checks(found),
        sections=sections,
        drawn=drawn,
        why={"importance": importance, "weights": weights},
        mistakes=mistakes,
        gallery=_gallery(found.final, mistakes),
        tables=_tables(found),
        savings=frames.savings(found),
        regret=_regret(found),
        level=LEVEL,
        commands=_commands(found, again),
        machine=_machine(found),
        spent=_spent(found),
        counted=counted,
    )
    file = folder / "report.html"
    file.write_text(text, encoding="utf-8")
    return file


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["share"] = lambda it: f"{it:.0%}"
    environment.filters["options"] = _options
    return environment


def _options(text: str) -> Markup:
    """Return a sentence with its command-line options set as such, and everything else escaped."""
    return Markup(re.sub(r"(--[a-z][a-z-]*(?: \d+| N\b)?)", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped


# --- figures ----------------------------------------------------------------------------------------------------------


def _save(drawing: Drawing, folder: Path) -> Markup:
    """Write a figure's three files and return it as it stands in the page, for a wide one and for a narrow one."""
    stem = folder / drawing.key
    drawing.frame.to_csv(stem.with_suffix(".csv"), index=False)
    if drawing.half:
        figure = drawing.draw(figures.HALF)
        svg = _svg(figure)
        inside = _inline(svg, drawing.alt, "")
    else:
        figure = drawing.draw(WIDE)
        svg = _svg(figure)
        inside = _inline(svg, drawing.alt, "wide") + _inline(_svg(drawing.draw(NARROW)), drawing.alt, "narrow")
    stem.with_suffix(".svg").write_text(svg, encoding="utf-8")
    _save_png(figure, stem.with_suffix(".png"))
    return inside


def _save_png(figure: Figure, file: Path) -> None:
    """Write a drawing as a picture on white."""
    figure.patch.set(alpha=1.0, facecolor="white")
    figure.savefig(file, dpi=150, metadata={"Software": None})


def _svg(figure: Figure) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", dpi=150, metadata={"Date": None, "Creator": None})
    figure.set_layout_engine("none")  # its parts have found their places
    return text.getvalue()


def _inline(svg: str, alt: str, where: Literal["wide", "narrow", ""]) -> Markup:
    """Return a drawing as a part of the page: in the page's colours, scaled to its column, and told in words."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'<g id="[A-Za-z]+[\w.-]*">', "<g>", body)  # the same in every drawing, and a page wants each once
    for name, colour in PALETTE.items():
        body = body.replace(colour, f"var(--{name})")
    head = Markup('<svg class="drawing {}" role="img" aria-label="{}" ').format(where, alt)

    def opening(found: re.Match[str]) -> str:
        return f'{head}style="max-width: {float(found[2]) * LARGEST:.0f}px" {found[1]}>'

    body = re.sub(r'<svg [^>]*?(viewBox="0 0 ([\d.]+) [^"]*")[^>]*>', opening, body, count=1)
    return Markup(body)  # noqa: S704 - matplotlib's own drawing; it escapes the words in it


def _gallery(final: Final | None, mistakes: Drawing | None) -> list[dict[Any, Any]]:
    """Return the pictures of the gallery with their words; they flow, so they are no single drawing."""
    if final is None or mistakes is None:
        return []
    return [
        {**row, "source": _data_url(final.tested.picture(row["picture"]))} for row in mistakes.frame.to_dict("records")
    ]


def _data_url(picture: np.ndarray) -> str:
    """Return (height, width, 3) of bytes as a PNG inside an address."""
    stream = io.BytesIO()
    imsave(stream, picture, format="png")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"


# --- tables -----------------------------------------------------------------------------------------------------------


def _number(digits: int, sign: str = "") -> Callable[[Any], str]:
    return lambda it: f"{it:{sign}.{digits}f}".replace("-", "−")


def _value(it: Any) -> str:
    """Return a parameter's value, short."""
    return f"{it:.3g}" if isinstance(it, float) else f"{it}"


def _chance(it: Any) -> str:
    return chance(it).removeprefix("p = ").removeprefix("p ")


def _yes(it: Any) -> str:
    return "yes" if it else "no"


def _tables(found: Findings) -> dict[str, Table]:
    parameters = [Column(name.replace("_", " "), name, _value) for name in found.study.names]
    order = ["validation_accuracy", "validation_loss", "number"]
    complete = found.trials[found.trials["fate"] == "complete"].sort_values(order, ascending=[False, True, True])
    trials = [
        Column("trial", "number"),
        *parameters,
        Column("accuracy", "validation_accuracy", _number(4), "validation accuracy at its best epoch, or its last one"),
        Column("loss", "validation_loss", _number(4), "validation loss at that epoch"),
        Column("at epoch", "best_epoch"),
        Column("seconds", "seconds", _number(1), "its share of the ticks it trained in, by its work"),
        Column("baseline", "baseline"),
    ]
    audited = [
        Column("trial", "trial"),
        Column("cut after epoch", "pruned_at"),
        Column("accuracy then", "then", _number(4)),
        Column("at its end", "end", _number(4)),
        Column("as recorded", "same", _yes, "whether its first epochs came out as they did in the search"),
        Column("beats the best", "regret", _yes),
    ]
    tables = {"trials": Table(trials, complete.head(BEST_TRIALS)), "audit": Table(audited, found.audit)}
    return tables if found.final is None else tables | _final_tables(found.final, parameters)


def _final_tables(final: Final, parameters: list[Column]) -> dict[str, Table]:
    results = final.results.copy()
    interval = [
        f"{low:.4f}–{high:.4f}"
        for low, high in zip(*(results[f"test_accuracy_{it}"] for it in ("low", "high")), strict=True)
    ]
    results["interval"] = interval
    finalists = [
        Column("rank", "rank"),
        Column("trial", "trial"),
        Column("test accuracy", "test_accuracy_mean", _number(4), "mean over seeds"),
        Column("interval", "interval", title=f"{LEVEL:.0%}, over seeds and test {final.tested.noun}s"),
        Column("std", "test_accuracy_std", _number(4), "standard deviation between seeds"),
        Column("validation", "validation_accuracy", _number(4), "mean over seeds; the rank is by this"),
        Column("train", "train_accuracy_mean", _number(4), "mean over seeds, on all it was retrained on"),
        Column("test loss", "test_loss_mean", _number(4)),
        *parameters,
        Column("epochs", "epochs"),
        Column("seconds", "train_seconds", _number(1), "of retraining, mean over seeds"),
        Column("published", "published_test_accuracy", lambda it: f"{it:g}"),
        Column("baseline", "baseline"),
    ]
    seeds = final.seeds
    pairs = [
        Column("trial", "first"),
        Column("against", "second"),
        Column("gap", "gap", _number(4, "+"), "test accuracy of the first less that of the second"),
        Column("from", "low", _number(4, "+")),
        Column("to", "high", _number(4, "+")),
        Column("p", "p", _chance),
        Column("p, Holm", "p_holm", _chance, "adjusted for the number of pairs"),
        Column("told apart", "apart", _yes),
        Column(
            "McNemar", "mcnemar", lambda it: f"{it} of {seeds}", "seeds whose two models McNemar's test tells apart"
        ),
    ]
    classes = [
        Column("class", "class"),
        Column("precision", "precision", _number(4)),
        Column("recall", "recall", _number(4)),
        Column("f1", "f1", _number(4)),
        Column("support", "support", title=f"test {final.tested.noun}s of that class"),
    ]
    by_class = frames.classes_frame(final, final.winner.number)
    return {
        "finalists": Table(finalists, results),
        "pairs": Table(pairs, final.pairs),
        "classes": Table(classes, by_class),
    }


# --- words ------------------------------------------------------------------------------------------------------------


def _regret(found: Findings) -> str:
    """Return what the audit says, in a sentence."""
    pruned = found.trials[found.trials["fate"] == "pruned"]
    if pruned.empty:
        return "No trial was pruned."
    if found.audit.empty:
        return "What that may have cost is not known: --audit N runs N pruned trials, drawn at random, to their end."
    of, hits = len(found.audit), int(found.audit["regret"].sum())
    low, high = share(hits, of)
    return (
        f"Regret audit: of {counted(of, 'pruned trial')} drawn at random and run to the end, {hits} would have beaten "
        f"the search's best. Of all {len(pruned):,} pruned trials that is {low:.0%} to {high:.0%} "
        f"({LEVEL:.0%}, Clopper and Pearson 1934)."
    )


def _commands(found: Findings, again: Mapping[str, int]) -> list[str]:
    """Return what searches the study anew, from the study file's text, and exports it, whatever the file's name was."""
    study, name = found.study, found.record.name
    search = ["python", "-m", "search.run", "--study", "study.py", "--name", name]
    if isinstance(study.data, str):
        search += ["--dataset", study.data]
    for option in ("trials", "epochs", "seed", "engines", "lanes"):
        value = getattr(study, option)
        search += [f"--{option}", ",".join(map(str, value)) if isinstance(value, tuple) else str(value)]
    export = ["python", "-m", "reports.export", "--study", name]
    for option, value in again.items():
        export += [f"--{option}", str(value)]
    return [shlex.join(search), shlex.join(export)]


def _spent(found: Findings) -> dict[str, str]:
    """Return where the wall time of the search went."""
    spent: dict[str, float] = found.record.environment.get("spent", {})
    whole = sum(spent.values())
    return {part: f"{seconds:.1f} s, {seconds / whole:.0%}" for part, seconds in spent.items()} if whole else {}


def _machine(found: Findings) -> dict[str, Any]:
    """Return what is known of where a study was searched, and its seeds."""
    known = {name: told for name, told in found.record.environment.items() if name not in ("spent", "data")}
    seeds: dict[str, Any] = {"seed of the study": found.study.seed}
    if found.final is not None:
        seeds["seeds of the finalists"] = f"0 to {found.final.seeds - 1}, derived from the study's and the trial"
    return seeds | known


# --- for optuna-dashboard ---------------------------------------------------------------------------------------------


def write_trial(found: Findings, trial: int, folder: Path) -> list[Path]:
    """Write a finalist's own figures as pictures, the winner's excepted, which `write` has written; returns them."""
    files = []
    with figures.style():
        for drawing in plates.of_trial(found, trial):
            files.append(folder / "figures" / f"{drawing.key}.png")
            if trial != found.shown:
                _save_png(drawing.draw(WIDE), files[-1])
    return files


def note(found: Findings) -> str:
    """Return the verdict as a note in Markdown; whatever a study brings in stays text."""
    told = verdict(found)
    rows = "\n".join(f"| {escape(name)} | {escape(value)} | {escape(rests)} |" for name, value, rests in told.figures)
    sentences = "\n\n".join(str(escape(sentence)) for sentence in told.sentences)
    # The link leads where reports.dashboard serves; in optuna-dashboard by itself the report is among the artifacts.
    report = f"[The whole report](/reports/{found.record.name})"
    return f"**{escape(told.headline)}**\n\n{sentences}\n\n| | | |\n|---|---|---|\n{rows}\n\n{report}\n"


def note_of_trial(final: Final, row: TrialRow) -> str:
    """Return a finalist's test metrics as a note in Markdown."""
    mine = final.results[final.results["trial"] == row.number].iloc[0]
    return (
        f"**Finalist, rank {mine['rank']} of {len(final.ranked)}.** Test accuracy {mine['test_accuracy_mean']:.4f}, "
        f"{LEVEL:.0%} interval {mine['test_accuracy_low']:.4f} to {mine['test_accuracy_high']:.4f}, test loss "
        f"{mine['test_loss_mean']:.4f}, validation accuracy {mine['validation_accuracy']:.4f}; means over "
        f"{counted(final.seeds, 'seed')}.\n"
    )
