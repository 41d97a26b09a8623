"""From tables to the frozen values that the page shows; nothing here reads a file or writes HTML."""
