"""Appends the codes of new features to register_codes.csv; what is there already is never altered.

.venv/bin/python tests/golden/make_register_codes.py
"""

import csv
from pathlib import Path

from radfeat.features.register import read_register

PATH = Path(__file__).with_name("register_codes.csv")

if __name__ == "__main__":
    known = set()
    if PATH.is_file():
        with PATH.open(encoding="utf-8", newline="") as stream:
            known = {(row["family"], row["name"]) for row in csv.DictReader(stream)}
    else:
        PATH.write_text("family,name,code\n", encoding="utf-8")
    with PATH.open("a", encoding="utf-8", newline="") as stream:
        for entry in read_register().values():
            if (entry.family.value, entry.name) not in known:
                stream.write(f"{entry.family.value},{entry.name},{entry.code}\n")
