"""The command line: each command parses, calls, writes and exits."""
