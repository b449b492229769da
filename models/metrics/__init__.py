"""Metrics: numbers that say how good a trained model is on examples."""
