"""Samplers: what the next trial tries."""
