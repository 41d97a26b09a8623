"""What every room shares: errors, vocabulary, keys, geometry, volumes, findings, provenance."""
