"""What the view and the lines for pyarrow of docs/history-files.md show of the samples of a topic: a line
of JSON each, with time in nanoseconds, value, text and quality, and what the file itself holds.

usage: history_qualities.py DATA_DIR TOPIC
"""

import json
import os
import pathlib
import sys

import duckdb

from documented import documented


def with_duckdb(topic):
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(documented("sql", "CREATE VIEW"))
    query = "SELECT epoch_ns(time), value, text, quality FROM history WHERE topic = ? AND field IS NULL"
    return database.execute(query, [topic]).fetchall()


def with_pyarrow(topic):
    names = {}
    exec(documented("python", "import"), names)
    rows = names["rows"]
    columns = [rows[c].to_pylist() for c in ("topic", "field", "value", "q", "i")]
    columns.append(rows["ts"].cast("int64").to_pylist())
    for of, field, value, quality, stored, at in zip(*columns):
        if of == topic and field is None:
            yield at, value, quality, stored


def main():
    data, topic = sys.argv[1:]
    os.chdir(pathlib.Path(data) / "history")
    print(json.dumps({"duckdb": sorted(with_duckdb(topic)), "pyarrow": sorted(with_pyarrow(topic))}))


main()
