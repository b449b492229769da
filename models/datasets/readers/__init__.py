"""One reader for each format: from files or a function to the arrays of a `RawDataset`, unconverted."""
