"""Kills a hub with SIGKILL while devices publish at QoS 2 under the lowest free packet identifier, and
judges end to end: what PUBREC acknowledged is in history once, in a history that is made again from
the log once, and at each subscriber once. What was not acknowledged is nowhere twice.

usage: lowest_free.py --uns UNS --directory DIRECTORY [--kills N] [--pause SECONDS] [--seed N]
"""

import argparse
import pathlib
import random
import shutil
import socket
import time

from hub_api import Api
from hub_process import Hub
from lowest_free_client import Publisher, Subscriber

#: How long whatever must happen in the end may take.
PATIENCE = 240
START, END = 1_600_000_000_000_000_000, 4_000_000_000_000_000_000


def free_port():
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def await_that(what, holds, clients):
    deadline = time.monotonic() + PATIENCE
    while not holds():
        errors = [error for client in clients for error in client.errors]
        assert not errors, errors
        assert time.monotonic() < deadline, f"too late: {what}"
        time.sleep(0.02)


def judge(where, topic, numbers, done, sent):
    """Each acknowledged number is there, and none is there twice."""
    once = set(numbers)
    lost = done.difference(once)
    assert not lost, f"{topic}: {len(lost)} of {len(done)} lost {where}, such as {min(lost)}"
    twice = len(numbers) - len(once)
    assert not twice, f"{topic}: {twice} are there twice {where}"
    assert not once.difference(range(sent)), f"{topic}: there is what nobody sent {where}"


def judge_history(where, hub, publishers, known):
    for publisher in publishers:
        done = known[publisher.topic]
        rows = Api(hub.http).history(publisher.topic, START, END)
        judge(where, publisher.topic, [row["value"] for row in rows], done, publisher.sent)


def run(asked, hub):
    dice = random.Random(asked.seed)
    subscribers = [Subscriber(hub.mqtt, version) for version in (4, 5)]
    clients = list(subscribers)
    try:
        await_that("subscribed", lambda: all(one.ready.is_set() for one in subscribers), clients)
        publishers = [Publisher(hub.mqtt, v, keeps) for v in (4, 5) for keeps in (True, False)]
        clients += publishers
        await_that("acknowledged", lambda: all(len(one.done) > 20 for one in publishers), clients)
        for _ in range(asked.kills):
            time.sleep(dice.uniform(0.1, asked.pause))
            before = {one.topic: len(one.done) for one in publishers}
            hub.kill_nine()
            known = {one.topic: set(one.done) for one in publishers}
            hub.start()
            judge_history("in history after a kill", hub, publishers, known)
            # Between two kills each goes on.
            goes_on = lambda: all(len(one.done) > before[one.topic] + 20 for one in publishers)
            await_that("acknowledged after a kill", goes_on, clients)
        for publisher in publishers:
            publisher.finishing.set()
        await_that("the last PUBCOMP", lambda: all(one.is_idle() for one in publishers), clients)
        known = {one.topic: set(one.done) for one in publishers}

        def received(subscriber):
            got = subscriber.received
            return all(len(set(got.get(topic, []))) >= len(known[topic]) for topic in known)

        await_that("received", lambda: all(map(received, subscribers)), clients)
        for subscriber in subscribers:
            for publisher in publishers:
                got = subscriber.received[publisher.topic]
                name = f"at {subscriber.name}"
                judge(name, publisher.topic, got, known[publisher.topic], publisher.sent)
        judge_history("in history", hub, publishers, known)
    finally:
        for client in clients:
            client.stop()
    # What the log alone holds.
    hub.kill_nine()
    shutil.rmtree(asked.directory / "data" / "history")
    hub.start()
    judge_history("in the log", hub, publishers, known)
    done, sent = sum(map(len, known.values())), sum(one.sent for one in publishers)
    print(
        f"{asked.kills} kills: {done} messages of QoS 2 acknowledged under the lowest free identifier, "
        f"0 lost, 0 twice in history, in the log, at subscribers of 3.1.1 and 5; {sent - done} not "
        f"acknowledged, 0 of them twice; {sum(one.again for one in publishers)} times PUBREL again, "
        f"{sum(one.reconnects for one in clients)} reconnects, no session lost; seed {asked.seed}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--uns", required=True)
    parser.add_argument("--directory", required=True, type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--pause", type=float, default=0.6, help="longest time between kills")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    asked = parser.parse_args()
    # Quick flushes and checkpoints, so that kills also hit files being made.
    settings = ["history.flush_every=1s", "namespace.checkpoint_every=1s"]
    hub = Hub(asked.uns, asked.directory, settings)
    # Outside the range that other processes' connections get theirs from.
    hub.mqtt, hub.http = (f"127.0.0.1:{free_port()}" for _ in range(2))
    hub.start()
    try:
        run(asked, hub)
    except BaseException:
        print(f"seed {asked.seed}; the hub said:\n{hub.log()}")
        raise
    finally:
        hub.kill_nine()


main()
