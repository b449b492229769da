"""The study file: its classes, its ranges, and how it is found and read. Knows neither torch nor Optuna."""
