"""Altering image and mask at random, to see how far the features follow."""
