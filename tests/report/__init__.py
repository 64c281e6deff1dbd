"""The report: its forms and the catalogue."""
