"""Pruners: which trials go on. `base.py` is the door, `registry.py` the list, every other pruner one file."""
