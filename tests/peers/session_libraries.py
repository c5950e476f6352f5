"""Persistent sessions of paho, mqtt.js and the mosquitto clients over kill -9 of the hub: for each
library, version and QoS one client publishes to another, while the hub is killed and started.

usage: session_libraries.py --uns UNS --directory DIRECTORY [--kills N] [--count N] [--qos 1 2] [--node NODE_PATH]
"""

import argparse
import os
import pathlib
import random
import shutil
import socket
import subprocess
import sys
import threading
import time

from hub_process import Hub

HERE = pathlib.Path(__file__).parent


def free_port():
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


class Client:
    """A client program and the lines it prints."""

    def __init__(self, command, env=None, stdin=None):
        self.lines, self.errors = [], []
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=stdin, stdout=pipe, stderr=pipe, text=True, env=env
        )
        for stream, lines in ((self.process.stdout, self.lines), (self.process.stderr, self.errors)):
            threading.Thread(target=self._read, args=(stream, lines), daemon=True).start()

    def _read(self, stream, lines):
        for line in stream:
            lines.append(self.translate(line.strip()))

    def translate(self, line):
        return line

    def said(self, word):
        return [line.split()[1] for line in list(self.lines) if line.startswith(word + " ")]

    def end(self):
        self.process.kill()
        self.process.wait()


class Mosquitto(Client):
    """mosquitto_sub or mosquitto_pub: what it prints in debug mode, in the words of the others.

    libmosquitto keeps a QoS 2 PUBLISH that is sent again beside the first one, and hands the second
    out when PUBREL is sent again too, as it has to be if the hub was killed before it knew of the
    PUBREC and then before it knew of the PUBCOMP (2.0.11, with any server). What it prints after a
    PUBREL for which there was no PUBLISH since the last one is its own doing and does not count.
    """

    def __init__(self, address, version, qos, role, topic, count):
        # Identifiers with a PUBLISH since their last PUBREL; whether the last PUBREL had none.
        self._published, self._again = set(), False
        host, _, port = address.rpartition(":")
        self._lines = count if role == "publish" else 0
        program = {"publish": ["mosquitto_pub", "-l"], "subscribe": ["mosquitto_sub", "-F", "got %p"]}
        name = f"mosquitto-{role}-{version}-{qos}"
        # Into a pipe it would keep its lines until there are many.
        command = ["stdbuf", "-oL", *program[role], "-h", host, "-p", port, "-V", version]
        command += ["-q", str(qos), "-t", topic, "-i", name, "-c", "-d"]
        if version == "mqttv5":
            # libmosquitto counts a QoS 2 message that is sent again twice against its own limit,
            # and then gives up; with room for all of them it does not come to that.
            command += ["-D", "connect", "receive-maximum", "65535"]
        super().__init__(command, stdin=subprocess.PIPE)
        if role == "publish":
            threading.Thread(target=self._feed, daemon=True).start()

    def _feed(self):
        for n in range(self._lines):
            self.process.stdin.write(f"{n}\n")
            self.process.stdin.flush()
            time.sleep(0.005)

    def translate(self, line):
        words = line.split()
        if line.startswith("Subscribed"):
            return "ready"
        if "received PUBACK" in line or "received PUBCOMP" in line:
            return f"done {int(words[words.index('(Mid:') + 1].rstrip(',)')) - 1}"
        if "received PUBLISH" in line and " q2," in line:
            self._published.add(int(words[words.index("q2,") + 2].strip("m,")))
        elif "received PUBREL" in line:
            mid = int(words[words.index("(Mid:") + 1].rstrip(",)"))
            self._again = mid not in self._published
            self._published.discard(mid)
        elif line.startswith("got ") and self._again:
            self._again = False
            return f"again {words[1]}"
        return line


class Pair:
    """A publisher and a subscriber of one library, version and QoS."""

    def __init__(self, library, version, qos, asked, address):
        self.name = f"{library} {'3.1.1' if version == 4 else '5'} QoS {qos}"
        self.qos = qos
        self.count = asked.count
        root = "uns/v1/survive" if version == 5 else "survive"
        topic = f"{root}/{library.replace('.', '')}/v{version}/qos{qos}"

        def start(role):
            words = [address, str(version), str(qos), role, topic, str(asked.count)]
            if library == "paho":
                return Client([sys.executable, "-B", str(HERE / "session_client.py"), *words])
            if library == "mqtt.js":
                env = {**os.environ, "NODE_PATH": asked.node}
                return Client([asked.node_program, str(HERE / "session_client.cjs"), *words], env)
            spoken = "mqttv311" if version == 4 else "mqttv5"
            return Mosquitto(address, spoken, qos, role, topic, asked.count)

        self.subscriber = start("subscribe")
        self._start = start
        self.publisher = None

    def publish(self):
        self.publisher = self._start("publish")

    def is_ready(self):
        return "ready" in self.subscriber.lines

    def is_done(self):
        got = {int(n) for n in self.subscriber.said("got")}
        done = {int(n) for n in self.publisher.said("done")}
        return len(got) >= self.count and len(done) >= self.count

    def state(self):
        got, done = self.subscriber.said("got"), self.publisher.said("done")
        lost = [line for line in list(self.publisher.lines) if line.startswith("lost ")]
        return (
            f"{self.name}: {len(done)} acknowledged, {len(got)} received, {lost[:5]} "
            f"{self.publisher.errors[-3:]} {self.subscriber.lines[-3:]} {self.subscriber.errors[-3:]}"
        )

    def check(self):
        got = [int(n) for n in self.subscriber.said("got")]
        # Not their order: paho sends what is new before what it has to send again.
        lost = set(range(self.count)).difference(got)
        assert not lost, f"{self.name}: {len(lost)} lost, such as {min(lost)}"
        twice = sorted({n for n in got if got.count(n) > 1})
        assert self.qos == 1 or not twice, f"{self.name}: {twice[:5]} came twice"
        for client in (self.subscriber, self.publisher):
            present = client.said("present")[1:]
            assert "false" not in present, f"{self.name}: a session was lost: {present}"
        return len(got) - self.count

    def end(self):
        self.subscriber.end()
        if self.publisher:
            self.publisher.end()


def await_all(pairs, what, seconds):
    deadline = time.monotonic() + seconds
    while not all(what(pair) for pair in pairs):
        states = [pair.state() for pair in pairs if pair.publisher and not what(pair)]
        names = [pair.name for pair in pairs if not what(pair)]
        assert time.monotonic() < deadline, "\n".join(["too late:", *names, *states])
        time.sleep(0.05)


def run(asked, hub):
    dice = random.Random(asked.seed)
    libraries = ["paho", "mosquitto"] + (["mqtt.js"] if asked.node else [])
    pairs = []
    try:
        for library in libraries:
            for version in (4, 5):
                for qos in asked.qos:
                    pairs.append(Pair(library, version, qos, asked, hub.mqtt))
        await_all(pairs, Pair.is_ready, 120)
        for pair in pairs:
            pair.publish()
        await_all(pairs, lambda pair: pair.publisher.said("done"), 120)
        for _ in range(asked.kills):
            time.sleep(dice.uniform(0.4, asked.pause))
            hub.kill_nine()
            hub.start()
        await_all(pairs, Pair.is_done, asked.patience)
        again = sum(pair.check() for pair in pairs)
    finally:
        for pair in pairs:
            pair.end()
    print(
        f"{len(pairs)} pairs of {', '.join(libraries)}, {asked.kills} kills: "
        f"{asked.count * len(pairs)} messages, 0 lost, 0 of QoS 2 twice, {again} of QoS 1 again, "
        f"no session lost; seed {asked.seed}"
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--uns", required=True)
    parser.add_argument("--directory", required=True, type=pathlib.Path)
    parser.add_argument("--kills", type=int, default=2)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--pause", type=float, default=1.0, help="longest time between kills")
    parser.add_argument("--patience", type=float, default=240)
    parser.add_argument("--qos", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--node", default="", help="folder of node_modules with mqtt.js")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    asked = parser.parse_args()
    asked.node_program = shutil.which("node") or "node"
    hub = Hub(asked.uns, asked.directory, [])
    # Outside the range that other processes' connections get theirs from: nobody takes it while
    # the hub is down.
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
