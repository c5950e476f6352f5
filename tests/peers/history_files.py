"""Compares the Parquet history files with recordings, bit for bit: once with the view of
docs/history-files.md in DuckDB, once with its lines for pyarrow. Both run as the document has them.

usage: history_files.py DATA_DIR [TOPIC=]RECORDING.csv... [--separator ;] [--time datetime]
"""

import argparse
import os
import pathlib

import duckdb

from documented import documented
from recording import bits, from_arguments


def with_duckdb():
    """{topic: [(ns, number, text)]} through the documented view."""
    database = duckdb.connect()
    database.execute("SET TimeZone = 'UTC'")
    database.execute(documented("sql", "CREATE VIEW"))
    found = {}
    columns = "topic, epoch_ns(time), value, text, field"
    query = f"SELECT {columns} FROM history ORDER BY topic, time"
    for topic, at, value, text, field in database.execute(query).fetchall():
        if field is None:
            found.setdefault(topic, []).append((at, value, text))
    return found


def with_pyarrow():
    """The same through the documented lines; they leave corrected rows in, so newest wins here."""
    names = {}
    exec(documented("python", "import"), names)
    rows = names["rows"]
    newest = {}
    listed = [rows[c].to_pylist() for c in ("topic", "field", "source_seq", "lag", "seq", "value", "s")]
    times = rows["ts"].cast("int64").to_pylist()
    for at, topic, field, source, lag, seq, value, text in zip(times, *listed):
        if field is not None:
            continue
        key = (topic, at, source, seq if lag is None else None)
        if key not in newest or newest[key][0] < seq:
            newest[key] = (seq, value, text)
    found = {}
    for (topic, at, _, _), (_, value, text) in sorted(newest.items(), key=lambda item: item[0][:2]):
        found.setdefault(topic, []).append((at, value, text))
    return found


def compare(reader, found, recordings):
    compared = 0
    for recording in recordings:
        for topic, samples in recording.topics.items():
            rows = found.get(topic, [])
            assert len(rows) == len(samples), f"{reader}: {topic}: {len(rows)} of {len(samples)}"
            for (at, number), (row_at, value, text) in zip(samples, rows):
                same = at == row_at and text is None and value is not None
                assert same and bits(number) == bits(value), (
                    f"{reader}: {topic}: {at} {number!r} came back as {row_at} {value!r} {text!r}"
                )
                compared += 1
    print(f"{reader}: {compared} numbers, every one bit-exact")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("recordings", nargs="+")
    parser.add_argument("--separator", default=";")
    parser.add_argument("--time", default="datetime")
    asked = parser.parse_args()
    recordings = list(from_arguments(asked.recordings, asked.separator, asked.time))
    os.chdir(pathlib.Path(asked.data) / "history")
    compare("DuckDB", with_duckdb(), recordings)
    compare("pyarrow", with_pyarrow(), recordings)


main()
