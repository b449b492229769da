"""Tensor operations over many lanes: products, losses, activations, optimizers, and the kernels for GPUs."""
