"""Loggers: programs that are told of a search. `base.py` is the door, `registry.py` the list, every logger one file."""
