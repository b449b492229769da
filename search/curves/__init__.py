"""Learning curves as a model of what trials will reach: which of them is worth the next epochs. No Optuna, no torch."""
