"""Kinds of model: how one trial's module is built alone, and how many train fused."""
