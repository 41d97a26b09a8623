"""IBSI conformance: the digital phantom, the reference values, the comparison and its page."""
