"""The command line's options, each written once, as annotated types that typer reads.

A command's signature names them: `storage: Storage = DEFAULT_STORAGE`. Imports neither torch nor Optuna, so that
`--help` answers at once.
"""

from typing import Annotated, Any

import typer

from models.console import SHOWN, WHERE, bounded_int, int_list

WHAT, BUDGET, HOW, ELSE = "What is searched", "Budget", "How it is trained", "Instead, or besides"

_FROM_STUDY = "Default: the study's own."

# --- of several commands ----------------------------------------------------------------------------------------------

Storage = Annotated[str, typer.Option(metavar="URL", help="The database.", rich_help_panel=WHERE)]
Workers = Annotated[
    int | None,
    typer.Option(
        parser=bounded_int(0, 4096),
        metavar="N",
        help="Processes; 0 trains in this one. Whatever their number, the result is the same. "
        "Default: one an engine, while there are cores.",
        rich_help_panel=HOW,
    ),
]
Cluster = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Train on a Ray cluster: auto, HOST:PORT or ray://HOST:PORT. The result is the same.",
        rich_help_panel=HOW,
    ),
]
EngineCpus = Annotated[
    float | None,
    typer.Option(metavar="N", help="CPUs of an engine there. Default: its threads.", rich_help_panel=HOW),
]
EngineGpus = Annotated[
    float | None,
    typer.Option(
        metavar="N", help="GPUs of an engine there, like 0.5. Default: 1 on cuda, else none.", rich_help_panel=HOW
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", metavar="", help="Show the summary only.", rich_help_panel=SHOWN)]

# --- of search.run ----------------------------------------------------------------------------------------------------

Study = Annotated[str | None, typer.Option(metavar="NAME|FILE.py", help="The study to search.", rich_help_panel=WHAT)]
Dataset = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Another data set: mnist, fashion_mnist, digits.", rich_help_panel=WHAT),
]
Seed = Annotated[
    int | None,
    typer.Option(parser=bounded_int(0), metavar="N", help=f"Of everything random. {_FROM_STUDY}", rich_help_panel=WHAT),
]
Trials = Annotated[
    int | None,
    typer.Option(
        parser=bounded_int(1),
        metavar="N",
        help=f"In all, however often it is started. {_FROM_STUDY}",
        rich_help_panel=BUDGET,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        parser=bounded_int(1), metavar="N", help=f"Of a trial that is not pruned. {_FROM_STUDY}", rich_help_panel=BUDGET
    ),
]
Timeout = Annotated[
    float | None,
    typer.Option(metavar="SECONDS", help="Pause after so long; the same command goes on.", rich_help_panel=BUDGET),
]
Name = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="The study's name there. Default: its file's.", rich_help_panel=WHERE),
]
TensorBoard = Annotated[
    bool,
    typer.Option(
        "--tensorboard",
        metavar="",
        help="Write every trial's curves and parameters for TensorBoard as well.",
        rich_help_panel=WHERE,
    ),
]
Engines = Annotated[
    int | None,
    typer.Option(
        parser=bounded_int(1), metavar="N", help=f"Fused groups of trials. {_FROM_STUDY}", rich_help_panel=HOW
    ),
]
Lanes = Annotated[
    Any,  # an int or several, for which typer has no type
    typer.Option(
        parser=int_list(1),
        metavar="N[,N...]",
        help=f"Trials per engine; a number each for machines of unequal speed. {_FROM_STUDY}",
        rich_help_panel=HOW,
    ),
]
Device = Annotated[str, typer.Option(metavar="auto|cpu|cuda", help="What engines run on.", rich_help_panel=HOW)]
Restart = Annotated[
    bool,
    typer.Option(
        "--restart",
        metavar="",
        help="Begin anew; what is there is kept under another name.",
        rich_help_panel=ELSE,
    ),
]
Reproduce = Annotated[
    int | None,
    typer.Option(
        parser=bounded_int(0), metavar="TRIAL", help="Train that trial again and compare.", rich_help_panel=ELSE
    ),
]
New = Annotated[
    str | None, typer.Option(metavar="NAME|FILE.py", help="Write a study file to start from.", rich_help_panel=ELSE)
]
Check = Annotated[
    bool,
    typer.Option(
        "--check", metavar="", help="Show what would be searched, and about how long it takes.", rich_help_panel=ELSE
    ),
]
List = Annotated[
    bool, typer.Option("--list", metavar="", help="Show all studies, and how far each is.", rich_help_panel=ELSE)
]
