"""What came out of a search: retrained finalists, tables, and the only readers of a test set."""
