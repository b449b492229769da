"""The samplers there are."""

from models.registry import Registry

SAMPLERS = Registry(
    "samplers",
    "sampler",
    {
        "tpe": "search.samplers.tpe:TPE",
        "gp": "search.samplers.gp:GP",
        "random": "search.samplers.random:Random",
        "qmc": "search.samplers.qmc:QMC",
        "grid": "search.samplers.grid:Grid",
        "staged": "search.samplers.staged:Staged",
        "optuna": "search.samplers.optuna:OptunaSampler",
    },
)
