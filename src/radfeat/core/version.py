"""The version of the code, as it enters every cache key and every table."""

VERSION = "0.1.0"
"""Semantic version of radfeat; a contract test keeps it equal to ``pyproject.toml``."""

NUMBERS_VERSION = 2
"""Raised by one whenever a change to the code alters a feature value.

It is part of the cache key of every case: a release that changes no number keeps the users' caches,
a release that changes one recomputes them. The changelog's "Numbers changed" says what and why.
"""
