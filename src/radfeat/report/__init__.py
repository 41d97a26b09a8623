"""One self-contained page from the tables of a run: what was found, and what it does not show."""
