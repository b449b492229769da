"""What trial n tries: the study's sampler, asked through an Optuna study in memory that mirrors the record.

The coordinator keeps one `Mirror`, tells it whatever it tells the record, and asks `draw` for the next trial. A draw
depends on nothing but the study, the trial's number and, for TPE and for stages, what the mirror holds: after a crash
the mirror is built anew from the record, and the next draw is the one that was due. Knows neither the database nor the
models.
"""


def _sobol_point(dimensions: int, place: int, seed: int) -> list[float]:
    """Point `place` of one scrambled Sobol sequence (Sobol 1967; scrambled after Matousek 1998, as SciPy has it).

    Optuna's QMCSampler keeps its place in the study and draws the first trial at random; a seed for each trial would
    make random search of it. Points are counted from the first one drawn, so that 2^m of them are balanced.
    """
    from scipy.stats import qmc  # takes half a second, which only this sampler is worth

    sequence = qmc.Sobol(dimensions, scramble=True, rng=seed)
    if place > 0:  # SciPy cannot skip nothing
        sequence.fast_forward(place)
    point: list[float] = sequence.random(1)[0].tolist()
    return point
