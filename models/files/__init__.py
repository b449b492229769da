"""A trained model: its file, the module it is loaded as, its answers, and programs without us. Knows no study."""
