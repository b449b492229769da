"""A search from Python, cell by cell: open it in an editor that knows `# %%`, or run it. digits.ipynb has its cells.

    python examples/digits.py

It takes seconds, on scikit-learn's digits. Results are kept in runs/, as those of the commands are; a second run trains
nothing, since the study is finished.
"""

# %% A model of your own: it is given the searched parameters and the facts of the data that its signature names

import torch
from torch import nn


class Net(nn.Module):
    """Two layers, with a normalisation between them if the trial has one."""

    def __init__(self, inputs: int, classes: int, hidden: int, normalised: bool) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.between = nn.LayerNorm(hidden) if normalised else nn.Identity()
        self.last = nn.Linear(hidden, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (B, classes) for pictures (B, channels, height, width)."""
        logits: torch.Tensor = self.last(torch.relu(self.between(self.first(x.flatten(1)))))
        return logits


# %% What is searched

from studyhall import Baseline, Choice, Float, Int, Study, run_study

study = Study(
    family=Net,
    data="digits",
    epochs=6,
    batch_size=64,
    trials=24,
    space={
        "learning_rate": Float(1e-2, 1.0, log=True),
        "hidden": Int(8, 64, log=True),
        "normalised": Choice((True, False)),
        "weight_decay": 0.0,  # a plain value is the same for all trials
    },
    baselines=[Baseline("a first guess", learning_rate=0.1, hidden=32, normalised=False)],
)

# %% Search it. An interrupt pauses; the same call goes on

result = run_study(study, name="digits_example", workers=0)  # 0: in this process, quickest for trials this small
result

# %% The best trial, and all of them as a pandas frame

print(result.best)
best = result.trials.nlargest(5, "validation_accuracy")
print(best[["number", "hidden", "normalised", "validation_accuracy"]].to_string(index=False))

# %% Optuna's own study, for its plots and importances

print(result.study.best_trial.params)

# %% Retrain the best over three seeds, open the test set once, write the report

from studyhall import export_study

export = export_study(result, top=1, seeds=3, workers=0, quiet=True)
figures = ["rank", "trial", "baseline", "test_accuracy_mean", "test_accuracy_low", "test_accuracy_high"]
print(export.results[figures].to_string(index=False))
print(export.headline, export.page, sep="\n")
