"""`new --table`: writes a study file for a CSV file, with what its rows and columns ask for."""

import json
from collections.abc import Iterator
from pathlib import Path

from models.datasets.readers.table_survey import TableSurvey, survey
from search.fleet.base import is_imbalanced

TEMPLATE = '''"""{name}: which perceptron predicts {predicted} of {file} best?

    studyhall check {path}     shows what would be searched, and about how long it takes
    studyhall search {path}    searches; the same command goes on after a stop
    studyhall export {name}       retrains the best, tests them once, and writes the report
"""

from studyhall import AdamW, Baseline, Cosine, Float, Int, Mlp, Study, Table

study = Study(
    about={about},  # a line for lists and reports
    # Perceptrons: how deep and how wide is searched. A model of your own is an nn.Module; docs/using.md.
    family=Mlp(activation="relu"),
    # A fifth of the rows is the test part, unless you name a file: test="later.csv". docs/tables.md has all words.
    data=Table(
{table_words}    ),
{study_words}    # The recipe, the same for every trial.
    epochs={epochs},
    batch_size={batch_size},
    optimizer=AdamW(),
    schedule=Cosine(per="step"),  # the rate falls to nothing
    # The space: what differs from trial to trial. What spans orders of magnitude is log=True; a plain value instead of
    # a range is the same for all trials.
    space={{
        "learning_rate": Float(3e-4, 3e-2, log=True),
        "hidden": Int(16, 256, log=True),  # units of each hidden layer
        "depth": Int(1, 3),  # hidden layers
        "weight_decay": Float(1e-3, 1.0, log=True),
        "dropout": Float(0.0, 0.5),
    }},
    # What you use today: tried first, never pruned, and every gain is measured against it.
    baselines=[
        Baseline("what I use today", learning_rate=3e-3, hidden=64, depth=2, weight_decay=0.01, dropout=0.1),
    ],
    # The budget: trials in all. Raise it later and give the command again; the trials that are there stay.
    trials=40,
)
'''

BATCH_SIZE, STEPS = 64, 1500  # steps of a training, about
EPOCHS = (20, 100)  # at least, at most
FEW_ROWS = 3000  # below, a validation part would choose by luck (BENCHMARKS.md), and folds cost seconds
FOLDS = 5


def table_study(name: str, path: Path, table: Path, label: str | None, target: str | None) -> str:
    """Return a study file for a table.

    Args:
        name: The study's name.
        path: Where the file will lie.
        table: The CSV file.
        label: The column to predict, where it has classes; or else
        target: the column to predict, where it has numbers.

    Raises:
        UserError: The table cannot be read, or has no such column.
    """
    seen = survey(table, label or target)
    predicted = f"{'label' if label else 'target'}={_text(seen.predicted)}"
    epochs = min(EPOCHS[1], max(EPOCHS[0], round(STEPS * BATCH_SIZE / max(1, seen.rows))))
    return TEMPLATE.format(
        name=name,
        path=path,
        file=table.name,
        about=_text(f"{seen.predicted} of {table.name}"),
        predicted=_text(seen.predicted),
        table_words="".join(
            f"        {line}\n"
            for line in (f"{_text(str(table))},", f"{predicted},", *_table_words(seen, classes=label is not None))
        ),
        study_words="".join(f"    {line}\n" for line in _study_words(seen, classes=label is not None)),
        epochs=epochs,
        batch_size=BATCH_SIZE,
    )


def _table_words(seen: TableSurvey, *, classes: bool) -> Iterator[str]:
    """Yield what `Table` is told besides its file and the column to predict."""
    if classes and _has_a_rare_class(seen) and len(seen.classes) == 2:
        yield f"positive={_text(list(seen.classes)[-1])},  # the rare one, which average precision is of"
    if seen.leave_out:
        yield "# Columns that are no features; every other one is."
        yield "leave_out=("
        yield from (f"    {_text(name)},  # {reason}" for name, reason in seen.leave_out.items())
        yield "),"
    if seen.missing:
        columns = len(seen.missing)
        yield f'# Values are missing, in {columns} column{"s" * (columns != 1)}; "category" also tells where.'
        yield 'missing="median",'


def _study_words(seen: TableSurvey, *, classes: bool) -> Iterator[str]:
    """Yield what the study is told of its rows."""
    if classes and _has_a_rare_class(seen):
        commonest, count = next(iter(seen.classes.items()))
        yield f"# {count:,} of {seen.rows:,} rows are of the class {_text(commonest)}: accuracy would tell little."
        yield f'objective="{"average_precision" if len(seen.classes) == 2 else "macro_f1"}",'
    if seen.rows < FEW_ROWS:
        yield f"# {seen.rows:,} rows are few for a validation part: each configuration is scored on all of them."
        yield f"folds={FOLDS},"


def _has_a_rare_class(seen: TableSurvey) -> bool:
    """Return whether one class is far commoner than the others."""
    return len(seen.classes) > 1 and is_imbalanced(next(iter(seen.classes.values())) / seen.rows, len(seen.classes))


def _text(text: str) -> str:
    """Return a text as Python writes it, in double quotes."""
    return json.dumps(text, ensure_ascii=False)
