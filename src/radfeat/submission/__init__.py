"""Packages for submission: their place; nothing is here yet."""
