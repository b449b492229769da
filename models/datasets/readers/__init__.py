"""One reader a format: from somebody's files or function to arrays of inputs and labels."""
