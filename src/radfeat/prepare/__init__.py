"""From the image and mask as read to the pair that is measured: one grid, every step recorded."""
