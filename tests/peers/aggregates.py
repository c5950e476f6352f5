"""Compares buckets and their paging with a calculation over the recording.

usage: aggregates.py HOST:PORT [TOPIC=]RECORDING.csv... [--separator ;] [--time datetime]
"""

import argparse
import fractions
import math

from hub_api import Api
from recording import bits, from_arguments, nanoseconds

SECOND = 1_000_000_000
BUCKETS = {"7s": 7 * SECOND, "1m": 60 * SECOND, "1h": 3600 * SECOND, "1d": 86_400 * SECOND}
EXACT = {
    "min": min,
    "max": max,
    "count": len,
    "first": lambda numbers: numbers[0],
    "last": lambda numbers: numbers[-1],
}


def in_buckets(samples, width):
    buckets = {}
    for at, number in samples:
        buckets.setdefault(at // width * width, []).append(number)
    return buckets


def close(got, exact, numbers):
    """Within two units in the last place of what rounding of the magnitudes summed can cost."""
    scale = max(abs(exact), fractions.Fraction(max(map(abs, numbers))) / 2**20)
    return abs(fractions.Fraction(got) - exact) <= 2 * fractions.Fraction(math.ulp(float(scale)))


def check(name, numbers, value):
    if name in EXACT:
        return bits(float(value)) == bits(float(EXACT[name](numbers)))
    total = sum(map(fractions.Fraction, numbers))
    return close(value, total if name == "sum" else total / len(numbers), numbers)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("http")
    parser.add_argument("recordings", nargs="+")
    parser.add_argument("--separator", default=";")
    parser.add_argument("--time", default="datetime")
    asked = parser.parse_args()
    api, compared = Api(asked.http), 0
    for recording in from_arguments(asked.recordings, asked.separator, asked.time):
        range_ = (recording.start, recording.end)
        for topic, samples in recording.topics.items():
            for bucket, width in BUCKETS.items():
                expected = sorted(in_buckets(samples, width).items())
                for name in (*EXACT, "avg", "sum"):
                    # Pages that do not end where buckets or files do.
                    question = {"aggregate": name, "bucket": bucket, "limit": 37}
                    rows = api.history(topic, *range_, **question)
                    at = [nanoseconds(row["timestamp"]) for row in rows]
                    assert at == [start for start, _ in expected], f"{topic} {name} {bucket}"
                    for row, (start, numbers) in zip(rows, expected):
                        same = row["quality"] == "Good" and check(name, numbers, row["value"])
                        assert same, f"{topic}: {name} of {bucket} at {start}: {row}"
                        compared += 1
            raw = api.history(topic, *range_, limit=333)
            assert [nanoseconds(row["timestamp"]) for row in raw] == [at for at, _ in samples], topic
    print(f"{compared} buckets as calculated")


main()
