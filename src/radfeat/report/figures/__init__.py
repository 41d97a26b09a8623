"""Figures as inline SVG: written out by hand, so that the same numbers give the same bytes everywhere."""
