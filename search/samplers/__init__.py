"""Samplers: what the next trial tries. `base.py` is the door, `registry.py` the list, every other sampler one file."""
