"""Kills a hub with SIGKILL at random moments while recordings are replayed into it, and checks
after every restart that nothing acknowledged is lost.

What was acknowledged is known here without the hub: paho-mqtt publishers write down each PUBACK.
After each restart all of it is in history exactly once, `current` is not older than it, and no
sequence, seen in `current` or on the live channel, names two different samples. At the end the live
channel must have shown every acknowledged value, and history must be the recordings bit for bit.

usage: kill_nine.py --uns BINARY --directory DIR --kills N [TOPIC=]RECORDING.csv...
"""

import argparse
import pathlib
import random
import subprocess
import threading
import time

import acknowledged
from hub_api import Api
from hub_process import Hub
from live_samples import LiveSamples
from recording import bits, from_arguments, nanoseconds


class Sequences:
    """Which sample each sequence names; it may never name another."""

    def __init__(self):
        self._named = {}
        self._lock = threading.Lock()
        self.clashes = []

    def add(self, samples):
        with self._lock:
            for sample in samples:
                # Fields of one document share its sequence.
                key = (sample["sequence"], sample.get("field"))
                names = (sample["topic"], sample["timestamp"], repr(sample["value"]))
                was = self._named.setdefault(key, names)
                if was != names:
                    self.clashes.append((key, was, names))

    def __len__(self):
        return len(self._named)


#: Beyond so many values a restart is followed by a look at the newest ones, not at all of them.
LOOK_AT_ALL = 1_000_000


def first_to_check(done):
    total, newest = sum(map(len, done.values())), max(map(max, done.values()), default=0)
    return 0 if total < LOOK_AT_ALL else max(0, newest - LOOK_AT_ALL // 10)


def check_acknowledged(api, sequences, done, first=0):
    """Of `done` ({topic: {n, …}}) all from `first` on is in history once, `current` not behind."""
    checked = 0
    current = api.current(acknowledged.FILTER)[1] if done else []
    sequences.add(current)
    newest = {sample["topic"]: sample["value"] for sample in current}
    for topic, numbers in done.items():
        rows = api.history(topic, acknowledged.time_of(first), acknowledged.END)
        values = [row["value"] for row in rows]
        numbers = {n for n in numbers if n >= first}
        assert len(values) == len(set(values)), f"{topic}: a value is there twice"
        lost = numbers.difference(values)
        assert not lost, f"{topic}: {len(lost)} acknowledged values lost, such as {min(lost)}"
        assert newest[topic] >= max(numbers, default=0), f"{topic}: current is {newest[topic]}"
        for row in rows:
            assert nanoseconds(row["timestamp"]) == acknowledged.time_of(row["value"]), row
        checked += len(numbers)
    return checked


def check_recordings(api, recordings):
    # Several recordings may be of one topic.
    compared, newest = 0, {}
    for recording in recordings:
        for topic, samples in recording.topics.items():
            rows = api.history(topic, recording.start, recording.end)
            assert len(rows) == len(samples), f"{topic}: {len(rows)} of {len(samples)}"
            for (at, number), row in zip(samples, rows):
                assert at == nanoseconds(row["timestamp"]), f"{topic}: {at}: {row}"
                assert bits(number) == bits(float(row["value"])), f"{topic}: {number}: {row}"
            newest[topic] = max(newest.get(topic, 0), samples[-1][0])
            compared += len(rows)
    for topic, at in newest.items():
        (last,) = api.current(topic)[1]
        assert nanoseconds(last["timestamp"]) == at, f"{topic}: current {last}"
    return compared


def start_replays(asked, recordings, hub):
    replays = []
    for recording in recordings:
        topic = next(iter(recording.topics)).rpartition("/")[0]
        speed = "max"
        if asked.seconds:
            speed = str(max(1, (recording.end - recording.start) / 1e9 / asked.seconds))
        command = [asked.uns, "replay", recording.path, "--separator", asked.separator]
        command += ["--time", asked.time, "--topic", topic, "--speed", speed, "--qos", "1"]
        command += ["--mqtt", f"mqtt://{hub.mqtt}"]
        replays.append(subprocess.Popen(command, stderr=subprocess.PIPE, text=True))
    return replays


def await_replays(replays, recordings, hub):
    """A replay looks for its broker again once it has had it: wait until each has."""
    for replay, recording in zip(replays, recordings):
        topic = next(iter(recording.topics))
        while not Api(hub.http).current(topic)[1]:
            assert replay.poll() in (None, 0), replay.communicate()[1]
            time.sleep(0.02)


def run(asked, hub):
    recordings = list(from_arguments(asked.recordings, asked.separator, asked.time))
    dice, sequences, listening, ready = random.Random(asked.seed), Sequences(), [], []
    publishers = [acknowledged.Publisher(hub.mqtt, n) for n in range(3)]
    live = LiveSamples(hub.http, "uns/v1/#", sequences.add)
    replays = start_replays(asked, recordings, hub)
    checked = busy = early = 0
    try:
        await_replays(replays, recordings, hub)
        for _ in range(asked.kills):
            time.sleep(dice.uniform(0.05, asked.pause))
            busy += any(replay.poll() is None for replay in replays)
            hub.kill_nine()
            if dice.random() < 0.5:
                hub.kill_while_starting(dice.uniform(0.0, 0.15))
                early += 1
            done = acknowledged.done(publishers)
            times = hub.start()
            listening.append(times[0])
            ready.append(times[1])
            first = first_to_check(done)
            checked += check_acknowledged(Api(hub.http), sequences, done, first)
            assert not sequences.clashes, sequences.clashes[:3]
        reconnects = 0
        for replay in replays:
            said = replay.communicate(timeout=asked.patience)[1]
            assert replay.returncode == 0, said
            reconnects += int(said.split(" reconnects")[0].split()[-1])
        for publisher in publishers:
            publisher.finish()
        done = acknowledged.done(publishers)
        check_acknowledged(Api(hub.http), sequences, done)
        compared = check_recordings(Api(hub.http), recordings)
        live.finish({(topic, n) for topic, numbers in done.items() for n in numbers})
        assert not sequences.clashes, sequences.clashes[:3]
    finally:
        for replay in replays:
            replay.kill()
    total = sum(map(len, done.values()))
    print(
        f"{asked.kills} kills, {busy} of them during replays, and {early} while it started; {total} values acknowledged to paho, "
        f"0 lost, 0 twice ({checked} looked up after restarts); {compared} replayed values "
        f"bit-exact after {reconnects} reconnects; {len(sequences)} sequences, none used twice; "
        f"{live.reconnects} live reconnects, none missed a value; listening again after "
        f"{sorted(listening)[len(listening) // 2]:.3f} s median, {max(listening):.3f} s at most, "
        f"ready after {max(ready):.3f} s at most; seed {asked.seed}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("recordings", nargs="*")
    parser.add_argument("--uns", required=True)
    parser.add_argument("--directory", required=True, type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.8, help="longest time between kills")
    parser.add_argument("--seconds", type=float, help="stretch each replay to so long")
    parser.add_argument("--patience", type=float, default=300)
    parser.add_argument("--seed", type=int, default=time.time_ns())
    parser.add_argument("--separator", default=";")
    parser.add_argument("--time", default="datetime")
    asked = parser.parse_args()
    # Quick flushes and checkpoints, so that kills also hit files being made.
    hub = Hub(asked.uns, asked.directory, ["history.flush_every=1s", "namespace.checkpoint_every=1s"])
    hub.start()
    try:
        run(asked, hub)
    except BaseException:
        print(f"seed {asked.seed}; the hub said:\n{hub.log()}")
        raise
    finally:
        hub.kill_nine()


main()
