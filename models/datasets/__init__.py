"""Data sets: where they are found, how each format is read, and how they become minibatches."""
