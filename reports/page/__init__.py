"""The report's page: what is read for it, what is judged, and how it is drawn and written."""
