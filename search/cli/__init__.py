"""What the search command shows and asks."""
