"""``python -m radfeat`` is the command line."""

from radfeat.cli.main import main

if __name__ == "__main__":
    main()
