"""Does the analysis keep its promises where the truth is known? Run by `make validate-statistics`."""
