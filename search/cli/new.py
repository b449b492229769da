"""`--new`: writes a study file to start from, with remarks that teach what a study file can say."""

import importlib.util
import keyword
from pathlib import Path

from models.errors import UserError
from search.cli.new_of_table import table_study
from search.config import study_files

TEMPLATE = '''"""{name}: say in a sentence what is searched, and on what.

    studyhall check {path}     shows what would be searched, and about how long it takes
    studyhall search {path}    searches; the same command goes on after a stop
    studyhall export {name}       retrains the best, tests them once, and writes the report
"""

from studyhall import Baseline, Float, Int, Mlp, Study

study = Study(
    about="{name}",  # a line for lists and reports
    # The model: Linear(), Mlp(...), Cnn(), or one of your own; see below.
    family=Mlp(depth=1, activation="relu"),  # or another of docs/reference.md
    # The data: "mnist", "fashion_mnist" or "digits". Without files and network "mnist" becomes "digits", and says so.
    data="mnist",
    # The recipe, the same for every trial. Also: optimizer=AdamW(), schedule=Cosine(), loss="squared_error",
    # keep="last", objective="loss"; docs/reference.md has everything that a study file can say.
    epochs=10,
    batch_size=128,
    # The space: what differs from trial to trial. What spans orders of magnitude is log=True; a plain value instead of
    # a range is the same for all trials.
    space={{
        "learning_rate": Float(1e-2, 1.0, log=True),
        "hidden": Int(16, 256, log=True),  # units of the hidden layer
        "weight_decay": Float(1e-6, 1e-2, log=True, low_is_zero=True),  # the low end means none at all
    }},
    # What you use today, or what a paper says: tried first, never pruned, and every gain is measured against it.
    baselines=[Baseline("what I use today", learning_rate=0.1, hidden=100, weight_decay=0.0)],
    # The budget: trials in all. Raise it later and give the command again; the trials that are there stay.
    trials=40,
)

# A model of your own is an ordinary nn.Module. It is given those searched parameters that its signature names, and,
# where it names them, facts of the data: channels, height, width, inputs, classes.
#
# import torch
# from torch import nn
#
#
# class Net(nn.Module):
#     def __init__(self, inputs, classes, hidden):
#         super().__init__()
#         self.first = nn.Linear(inputs, hidden)
#         self.last = nn.Linear(hidden, classes)
#
#     def forward(self, x):  # (B, channels, height, width), normalised
#         return self.last(torch.relu(self.first(x.flatten(1))))
#
#
# Move it above the study, and let that say family=Net.
'''


def write(name_or_path: str, table: Path | None = None, *, label: str | None = None, target: str | None = None) -> Path:
    """Write a study file and return its path.

    Args:
        name_or_path: A name, for ./NAME.py, or a path.
        table: A CSV file that the study is to search; without one it is of MNIST.
        label: The table's column to predict, where it has classes.
        target: The table's column to predict, where it has numbers.

    Raises:
        UserError: A study cannot have this name, the file is there already, or it cannot be written; or the table
            cannot be read, or has no such column.
    """
    if table is None and (label or target):
        raise UserError(f"--{'label' if label else 'target'} goes with --table", "name the CSV file with --table")
    if label and target:
        raise UserError("--label and --target are two things to predict", "give --label if the column has classes")
    path = Path(name_or_path)
    if path.name and path.suffix != ".py":
        path = path.with_name(f"{path.name}.py")
    _check_name(path.stem, path)
    if table is None:
        text = TEMPLATE.format(name=path.stem, path=path)
    else:
        text = table_study(path.stem, path, table, label, target)
    try:
        with path.open("x", encoding="utf-8") as file:  # refuses a file that is there, even one made this moment
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path} is there already", "choose another name; nothing was overwritten") from None
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {error.strerror}", "choose a folder that is there and that you may write to"
        ) from None
    return path


def _check_name(name: str, path: Path) -> None:
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name):
        raise UserError(
            f"{name!r} cannot be the name of a study file", "use letters, digits and _, a letter first, as in my_study"
        )
    if name in study_files.names():
        raise UserError(f"`{name}` is one of the studies at hand", f"choose another name, as in my_{name}")
    if not path.exists() and importlib.util.find_spec(name) is not None:
        raise UserError(
            f"`{name}` is the name of a Python module, which a file {name}.py would hide",
            f"choose another name, as in my_{name}",
        )
