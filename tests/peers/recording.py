"""Reads a CSV recording the way `uns replay` does, without any code of the hub."""

import csv
import datetime
import re
import struct


def bits(number):
    """The 64 bits of a double: 0.0 and -0.0 differ, NaN equals itself."""
    return struct.unpack("<q", struct.pack("<d", number))[0]


def tag(column):
    return re.sub(r"[^A-Za-z0-9_-]", "_", column.strip())[:63]


def nanoseconds(text):
    """A time without zone is UTC; recordings carry at most microseconds."""
    at = datetime.datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.timezone.utc)
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (at - epoch) // datetime.timedelta(microseconds=1) * 1000


class Recording:
    """`topics[topic]` is a list of (time in ns, number), in the order of the file.

    A column's later number for the same time corrects the earlier one, as history has it (NS-26).
    """

    def __init__(self, path, prefix, separator=";", time="datetime"):
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.reader(file, delimiter=separator))
        header = [name.strip() for name in rows[0]]
        at = header.index(time)
        self.path = path
        self.topics = {}
        times = [nanoseconds(row[at]) for row in rows[1:]]
        for column, name in enumerate(header):
            if column == at:
                continue
            cells = (row[column].strip() for row in rows[1:])
            newest = {t: float(cell) for t, cell in zip(times, cells) if cell}
            self.topics[f"{prefix}/{tag(name)}"] = sorted(newest.items())
        self.start, self.end = min(times), max(times) + 1

    def numbers(self):
        return sum(len(samples) for samples in self.topics.values())


def from_arguments(arguments, separator, time, prefix="uns/v1/lab/pump"):
    """Each argument is `TOPIC=FILE`, or `FILE` for the default topic."""
    for argument in arguments:
        topic, _, path = argument.rpartition("=")
        yield Recording(path, topic or prefix, separator, time)
