"""What the view of docs/history-files.md shows of all topics that begin alike: a line of JSON, for each
topic its rows of time in nanoseconds, value and text.

usage: history_view.py DATA_DIR PREFIX
"""

import json
import os
import pathlib
import sys

import duckdb

from documented import documented


def main():
    data, prefix = sys.argv[1:]
    os.chdir(pathlib.Path(data) / "history")
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(documented("sql", "CREATE VIEW"))
    query = (
        "SELECT topic, epoch_ns(time), value, text FROM history"
        " WHERE starts_with(topic, ?) AND field IS NULL ORDER BY ALL"
    )
    topics = {}
    for topic, *row in database.execute(query, [prefix]).fetchall():
        topics.setdefault(topic, []).append(row)
    print(json.dumps(topics))


main()
