"""Write the committed JSON schemas of settings and sheets anew, or check that they are up to date.

Run as `make schemas`, and with --check by `make check`; exits with 1 where a schema is stale.
"""

import json
import sys
from pathlib import Path

from radfeat.config.schema import SCHEMA_PATH, build_config_schema
from radfeat.core.files import write_text_if_changed
from radfeat.tables.sheet_schemas import SCHEMA_FOLDER, SHEETS, render_json_schema

ROOT = Path(__file__).resolve().parents[1]


def render_schemas() -> dict[str, str]:
    """The text of every generated schema, by its path from the root of the repository."""
    config = json.dumps(build_config_schema(), indent=2, ensure_ascii=False) + "\n"
    sheets = {
        f"{SCHEMA_FOLDER}/{name}.schema.json": render_json_schema(sheet) for name, sheet in SHEETS.items()
    }
    return {SCHEMA_PATH: config, **sheets}


def find_stale(root: Path) -> list[str]:
    """Paths of the schemas under ``root`` that are absent or differ from the generated ones."""
    return [
        name
        for name, text in render_schemas().items()
        if not (root / name).is_file() or (root / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write, or check with ``--check``; return the exit code."""
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    if arguments:
        stale = find_stale(ROOT)
        for name in stale:
            print(
                f"{name} is not what the settings generate: run `make schemas` and commit it", file=sys.stderr
            )
        print(f"schemas: {len(render_schemas()) - len(stale)} up to date, {len(stale)} stale")
        return 1 if stale else 0
    for name, text in render_schemas().items():
        print(f"{name}: {'written' if write_text_if_changed(ROOT / name, text) else 'up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
