"""Checks of images, masks and cohorts: findings, verdicts, pictures. Nothing is altered here."""
