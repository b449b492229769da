"""An export: what it is asked for, what it would train, what it shows, and the doing of it."""
