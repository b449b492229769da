"""The command line's options, each written once, as annotated types that typer reads.

A command's signature names them: `storage: Storage = DEFAULT_STORAGE`. Imports neither torch nor Optuna, so that
`--help` answers at once.
"""

from typing import Annotated, Any

from models.console import SHOWN, WHERE, bounded_int, flag, int_list, option

WHAT, BUDGET, HOW, ELSE = "What is searched", "Budget", "How it is trained", "Instead, or besides"

_FROM_STUDY = "Default: the study's own."

# --- of several commands ----------------------------------------------------------------------------------------------

Storage = Annotated[str, option(WHERE, "URL", "The database.")]
Workers = Annotated[
    int | None,
    option(
        HOW,
        "N",
        "Processes; 0 trains in this one. Whatever their number, the result is the same. "
        "Default: one an engine, while there are cores.",
        bounded_int(0, 4096),
    ),
]
Cluster = Annotated[
    str | None,
    option(HOW, "ADDRESS", "Train on a Ray cluster: auto, HOST:PORT or ray://HOST:PORT. The result is the same."),
]
EngineCpus = Annotated[float | None, option(HOW, "N", "CPUs of an engine there. Default: its threads.")]
EngineGpus = Annotated[
    float | None, option(HOW, "N", "GPUs of an engine there, like 0.5. Default: 1 on cuda, else none.")
]
WorkerTimeout = Annotated[
    float,
    option(HOW, "SECONDS", "A worker that finishes no minibatch for so long is ended and replaced; 0: never."),
]
Json = Annotated[bool, flag(SHOWN, "--json", "Print JSON, for programs.")]
Quiet = Annotated[bool, flag(SHOWN, "--quiet", "Show the summary only.")]

# --- of search.run ----------------------------------------------------------------------------------------------------

Study = Annotated[str | None, option(WHAT, "NAME|FILE.py", "The study to search.")]
Dataset = Annotated[str | None, option(WHAT, "NAME", "Another data set: mnist, fashion_mnist, digits.")]
Seed = Annotated[int | None, option(WHAT, "N", f"Of everything random. {_FROM_STUDY}", bounded_int(0))]
Trials = Annotated[
    int | None, option(BUDGET, "N", f"In all, however often it is started. {_FROM_STUDY}", bounded_int(1))
]
UntilSettled = Annotated[
    bool, flag(BUDGET, "--until-settled", "End sooner, once one more trial is expected to gain less than another seed.")
]
LearnFrom = Annotated[
    list[str] | None,
    option(
        WHAT, "STUDY", "An earlier study to learn from, by its name or as ADDRESS:NAME; may be given several times."
    ),
]
Epochs = Annotated[int | None, option(BUDGET, "N", f"Of a trial that is not pruned. {_FROM_STUDY}", bounded_int(1))]
Timeout = Annotated[float | None, option(BUDGET, "SECONDS", "Pause after so long; the same command goes on.")]
Name = Annotated[str | None, option(WHERE, "NAME", "The study's name there. Default: its file's.")]
Log = Annotated[
    list[str] | None,
    option(
        WHERE, "LOGGER", "Tell another program of every trial as well: tensorboard, mlflow; may be given several times."
    ),
]
TensorBoard = Annotated[bool, flag(WHERE, "--tensorboard", "The same as --log tensorboard.")]
Live = Annotated[bool, flag(SHOWN, "--live", "Show the search in the browser while it runs.")]
Port = Annotated[int, option(SHOWN, "P", "Where --live listens; 0 takes a free one.", bounded_int(0, 65535))]
Engines = Annotated[int | None, option(HOW, "N", f"Fused groups of trials. {_FROM_STUDY}", bounded_int(1))]
Lanes = Annotated[
    Any,  # an int or several, for which typer has no type
    option(
        HOW,
        "N[,N...]",
        f"Trials per engine; a number each for machines of unequal speed. {_FROM_STUDY}",
        int_list(1),
    ),
]
Device = Annotated[str, option(HOW, "auto|cpu|cuda", "What engines run on.")]
Restart = Annotated[bool, flag(ELSE, "--restart", "Begin anew; what is there is kept under another name.")]
Reproduce = Annotated[int | None, option(ELSE, "TRIAL", "Train that trial again and compare.", bounded_int(0))]
New = Annotated[str | None, option(ELSE, "NAME|FILE.py", "Write a study file to start from.")]
Check = Annotated[bool, flag(ELSE, "--check", "Show what would be searched, and about how long it takes.")]
List = Annotated[bool, flag(ELSE, "--list", "Show all studies, and how far each is.")]
