"""The engine that is compiled ahead of time: PyRadiomics' names and values in a small part of its time."""
