"""The pruners there are."""

from models.registry import Registry

PRUNERS = Registry(
    "pruners",
    "pruner",
    {
        "successive_halving": "search.pruners.halving:SuccessiveHalving",
        "expected_gain": "search.pruners.expected_gain:ExpectedGain",
        "promotion": "search.pruners.promotion:Promotion",
        "none": "search.pruners.none:NoPruner",
        "optuna": "search.pruners.optuna:OptunaPruner",
    },
)
