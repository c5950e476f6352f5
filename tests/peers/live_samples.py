"""Follows the live channel over any number of broken connections, each time from where it was."""

import contextlib
import json
import socket
import threading
import time

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect


class LiveSamples:
    """Hands every sample to `on_samples`; fails on a gap, a repeat or a step back."""

    def __init__(self, address, filter, on_samples, start="0"):
        self._address, self._filter, self._on_samples = address, filter, on_samples
        self._lock = threading.Lock()
        self._stop = False
        self._connection = None
        self.cursor = start
        self._last = 0
        self.reconnects = -1
        self.seen = set()
        self.fault = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._stop and self.fault is None:
            try:
                url = f"ws://{self._address}/api/v1/ws"
                with connect(url, max_size=None, open_timeout=5) as connection:
                    self.reconnects += 1
                    self._connection = connection
                    self._follow(connection)
            except (WebSocketException, OSError, EOFError):
                time.sleep(0.02)
            except Exception as fault:
                self.fault = fault

    def _follow(self, connection):
        subscribe = {"op": "subscribe", "id": 1, "filter": self._filter, "from": self.cursor}
        connection.send(json.dumps(subscribe))
        for text in connection:
            message = json.loads(text)
            if message["op"] == "subscribed":
                assert message["cursor"] == self.cursor, (message, self.cursor)
                continue
            assert message["op"] == "data", message
            before = self._last
            for sample in message["samples"]:
                assert sample["sequence"] > before, f"again: {sample} after {before}"
            given = [sample["sequence"] for sample in message["samples"]]
            assert given == sorted(given)
            self._last = max([before, *given])
            self._on_samples(message["samples"])
            with self._lock:
                self.seen.update((s["topic"], s["value"]) for s in message["samples"] if number(s))
            self.cursor = message["cursor"]

    def break_connection(self):
        """Cuts the connection without a closing handshake."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def finish(self, expected, patience=30):
        """Waits until every (topic, value) of `expected` was seen."""
        deadline = time.monotonic() + patience
        while True:
            assert self.fault is None, self.fault
            with self._lock:
                missing = expected.difference(self.seen)
            if not missing:
                break
            assert time.monotonic() < deadline, f"{len(missing)} missed, such as {min(missing)}"
            time.sleep(0.05)
        self._stop = True
        self._connection.close()
        self._thread.join(10)
        assert self.fault is None, self.fault


def number(sample):
    return isinstance(sample["value"], (int, float))
