"""A search as it is seen in the browser while it runs: read from its record, sent as events, drawn by one page."""
