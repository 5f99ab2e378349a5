"""SQLite files that are not those of a run: other schemas, pages, journals, links."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.e2e.hostile.crafted import Change, Found

_ENDLESS = (
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT 'b0', 'clean', i, 'frame_0', 0, x'', '' FROM n"
)
_KEYS = "model, condition, severity, frame, draw"


def schemas() -> Found:
    def after(*statements: str) -> Change:
        return lambda run: run.after.extend(statements)

    def before(*statements: str) -> Change:
        return lambda run: run.before.extend(statements)

    def schema(old: str, new: str) -> Change:
        return lambda run: setattr(run, "schema", run.schema.replace(old, new))

    def file(change: Callable[[Path], object]) -> Change:
        return lambda run: setattr(run, "beside", change)

    ours = "its tables are not those of a run"
    cells = "ALTER TABLE cells RENAME TO real_cells"
    for name, change in {
        "a view in place of the cells": after(
            cells, f"CREATE VIEW cells AS SELECT {_KEYS}, matrix, digest FROM real_cells"
        ),
        "an endless view": after(cells, f"CREATE VIEW cells AS {_ENDLESS}"),
        "an endless view beside": after(f"CREATE VIEW extra AS {_ENDLESS}"),
        "an endless view as meta": after(
            "DROP TABLE meta",
            "CREATE VIEW meta(key, value) AS "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, i FROM n",
        ),
        "a trigger that deletes": after(
            "CREATE TRIGGER t AFTER INSERT ON sessions BEGIN DELETE FROM cells; END"
        ),
        "a trigger on cells": after(
            "CREATE TRIGGER t BEFORE INSERT ON cells BEGIN SELECT RAISE(IGNORE); END"
        ),
        "a trigger instead": after(
            cells,
            "CREATE VIEW cells AS SELECT * FROM real_cells",
            "CREATE TRIGGER t INSTEAD OF INSERT ON cells BEGIN SELECT 1; END",
        ),
        "a trigger on failures": after(
            "CREATE TRIGGER t AFTER DELETE ON failures BEGIN DELETE FROM cells; END"
        ),
        "another table": after("CREATE TABLE extra (a)"),
        "another index": after("CREATE INDEX i ON cells (frame)"),
        "an index on an expression": after("CREATE INDEX i ON cells (hex(matrix))"),
        "a partial index": after("CREATE INDEX i ON cells (frame) WHERE draw > 0"),
        "statistics": after("ANALYZE"),
        "no cells": after("DROP TABLE cells"),
        "no pictures": after("DROP TABLE pictures"),
        "a column more": after("ALTER TABLE cells ADD COLUMN a"),
        "a column renamed": after("ALTER TABLE cells RENAME COLUMN frame TO image"),
        "a generated column": after("ALTER TABLE cells ADD COLUMN a AS (hex(matrix))"),
        "a default that computes": schema(
            "reason TEXT NOT NULL", "reason TEXT NOT NULL DEFAULT (randomblob(9))"
        ),
        "a check": schema(
            "draw INTEGER,\n    matrix", "draw INTEGER CHECK (draw < 9),\n    matrix"
        ),
        "cells with rowid": schema("draw)\n) WITHOUT ROWID", "draw)\n)"),
        "another collation": schema("frame TEXT", "frame TEXT COLLATE NOCASE"),
        "other spaces": schema("CREATE TABLE meta (key", "CREATE TABLE meta  (key"),
        "a comment": schema("WITHOUT ROWID", "/* */ WITHOUT ROWID"),
        "a name in another case": schema("TABLE meta", "TABLE Meta"),
        "a table of another file": after(
            "PRAGMA writable_schema = ON",
            "INSERT INTO sqlite_master VALUES ('table', 'x', 'x', 2, 'CREATE TABLE x (a)')",
        ),
        "a view in the schema alone": after(
            "PRAGMA writable_schema = ON",
            "INSERT INTO sqlite_master VALUES ('view', 'v', 'v', 0, 'CREATE VIEW v AS SELECT 1')",
        ),
        "a full-text table": after("CREATE VIRTUAL TABLE f USING fts5(a)"),
        "an R-tree": after("CREATE VIRTUAL TABLE r USING rtree(id, a, b)"),
    }.items():
        yield name, change, ours
    for name, statement in {
        "a schema that is no SQL": "UPDATE sqlite_master SET sql = 'CREATE SOMETHING'",
        "a schema of another table": "UPDATE sqlite_master SET sql = replace(sql, 'cells', 'x')",
        "an unknown module": "INSERT INTO sqlite_master VALUES "
        "('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING nothing(a)')",
        "two tables on a page": "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM "
        "sqlite_master WHERE name = 'cells') WHERE name = 'failures'",
        "a table on the first page": "UPDATE sqlite_master SET rootpage = 1 WHERE name = 'cells'",
        "a table behind the end": "UPDATE sqlite_master SET rootpage = 9999 WHERE name = 'cells'",
        "a table without a page": "UPDATE sqlite_master SET rootpage = 0 WHERE name = 'cells'",
        "a table on page -1": "UPDATE sqlite_master SET rootpage = -1 WHERE name = 'cells'",
    }.items():
        yield name, after("PRAGMA writable_schema = ON", statement), ": .*damaged"
    yield "a journal that names a victim", file(_hostile_journal), "-journal: belongs to several"
    for suffix in ("-journal", "-wal", "-shm"):
        yield (
            f"a link as {suffix}",
            file(partial(_link, suffix)),
            f"{suffix}: is a link, or no file",
        )
        yield f"a folder as {suffix}", file(partial(_folder, suffix)), f"{suffix}: is a link, or no"
    yield "another format number", file(partial(_byte, 19, 9)), ".*damaged"
    yield "another schema format", file(partial(_byte, 47, 9)), ".*damaged"
    yield "half a file", file(lambda path: path.write_bytes(path.read_bytes()[:8192])), ".*damaged"
    yield "no database", file(lambda path: path.write_bytes(b"run" * 5000)), ".*damaged"
    for name, change in {
        "UTF-16": before("PRAGMA encoding = 'UTF-16'"),
        "pages of 512 bytes": before("PRAGMA page_size = 512"),
        "pages of 64 KiB": before("PRAGMA page_size = 65536"),
        "a write-ahead log": before("PRAGMA journal_mode = WAL"),
        "incremental vacuum": before("PRAGMA auto_vacuum = 2"),
        "a user version": before("PRAGMA user_version = 7"),
        "vacuumed": after("VACUUM"),
        "cells in another order": lambda run: run.cells.reverse(),
        "an empty journal": file(lambda path: Path(f"{path}-journal").touch()),
        "a journal of others": file(
            lambda path: Path(f"{path}-journal").write_bytes(b"notes" * 99)
        ),
    }.items():
        yield name, change, None


def _hostile_journal(path: Path) -> None:
    """Write a journal that makes SQLite delete a file of another name, after rolling back."""
    victim = path.with_name("thesis.tex")
    victim.write_text("important")
    name = str(victim).encode()
    pages = path.stat().st_size // 4096
    header = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(8) + pages.to_bytes(4, "big")
    header += (512).to_bytes(4, "big") + (4096).to_bytes(4, "big")
    checksum = sum(name).to_bytes(4, "big")
    end = name + len(name).to_bytes(4, "big") + checksum + header[:8]
    Path(f"{path}-journal").write_bytes(
        header.ljust(512, b"\0") + (2**18 + 1).to_bytes(4, "big") + end
    )


def _link(suffix: str, path: Path) -> None:
    victim = path.with_name("thesis.tex")
    victim.write_text("important")
    Path(f"{path}{suffix}").symlink_to(victim)


def _folder(suffix: str, path: Path) -> None:
    Path(f"{path}{suffix}").mkdir()


def _byte(place: int, value: int, path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[place] = value
    path.write_bytes(content)
