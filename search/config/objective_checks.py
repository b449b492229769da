"""The checks of objectives and limits: what of a study serves one objective alone, or needs a model of ours."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.config.study import Study


def check_objectives(study: "Study") -> None:
    """Raise ValueError where something does not serve two objectives, or the costs of models cannot be known."""
    if study.objective.is_known:
        raise ValueError(
            f"objective: {study.objective.metric} is known without any training; "
            f'write it beside a metric, as objective=("accuracy", "{study.objective.metric}")'
        )
    if study.family.external and study.known_costs:
        raise ValueError(
            f"{'constraints' if study.constraints else 'objective'}: what the models of {study.family.label} cost is "
            "not known before they are trained; let a trial tell it as a metric, or leave it out"
        )
    if study.objective.beside is None:
        return
    if not study.pruner.serves_two:
        raise ValueError(
            f"pruner: {study.pruner.describe(study.epochs)} knows one objective; "
            "take ExpectedGain(), Promotion(), SuccessiveHalving() or NoPruner()"
        )
    if not study.sampler.serves_two:
        raise ValueError(
            f"sampler: {study.sampler.describe()} follows one objective; take GP(), TPE(), Random(), QMC(), Grid(...) "
            'or OptunaSampler("NSGAIISampler")'
        )
