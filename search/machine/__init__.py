"""The machine that a search runs on: its device, what is recorded of it, and what its GPUs carry."""
