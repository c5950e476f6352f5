"""Compares history as JSON and as CSV, paged, and the last values, with recordings, bit for bit.

usage: history_api.py HOST:PORT [TOPIC=]RECORDING.csv... [--separator ;] [--time datetime]
"""

import argparse

from hub_api import Api
from recording import bits, from_arguments, nanoseconds


def same(topic, expected, rows):
    assert len(rows) == len(expected), f"{topic}: {len(rows)} of {len(expected)}"
    for (at, number), (row_at, value) in zip(expected, rows):
        assert at == nanoseconds(row_at) and bits(number) == bits(value), (
            f"{topic}: {at} {number!r} came back as {row_at} {value!r}"
        )
    return len(rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("http")
    parser.add_argument("recordings", nargs="+")
    parser.add_argument("--separator", default=";")
    parser.add_argument("--time", default="datetime")
    parser.add_argument("--page", type=int, default=1000)
    asked = parser.parse_args()
    api = Api(asked.http)
    json_numbers = csv_numbers = last_values = 0
    for recording in from_arguments(asked.recordings, asked.separator, asked.time):
        range_ = (recording.start, recording.end)
        for topic, samples in recording.topics.items():
            rows = api.history(topic, *range_, limit=asked.page)
            assert all(row["quality"] == "Good" for row in rows), topic
            values = [(row["timestamp"], float(row["value"])) for row in rows]
            json_numbers += same(topic, samples, values)
            values = [(row[0], float(row[1])) for row in api.history_csv(topic, *range_, asked.page)]
            csv_numbers += same(f"{topic} as CSV", samples, values)
            _, current = api.current(topic)
            values = [(row["timestamp"], float(row["value"])) for row in current]
            last_values += same(f"{topic} in current", samples[-1:], values)
    print(f"JSON {json_numbers}, CSV {csv_numbers}, current {last_values}: every number bit-exact")


main()
