"""What samplers, pruners and the record share of Optuna: classes by their names, and all private use of it."""
