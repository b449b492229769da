"""Optimizers for lanes: the Protocol and its tensors in base.py, one file for each optimizer."""
