"""The door: sheets, image files and mask files in; volumes, masks and their provenance out."""
