"""Any nn.Module as a family: found in the user's file, rebuilt in a worker, trained in lanes."""
