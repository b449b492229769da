"""The record of a study: Optuna's tables, ours beside them, and the lease that guards both."""
