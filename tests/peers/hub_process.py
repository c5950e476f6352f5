"""A hub process that is killed and started again on the same data and the same ports."""

import json
import pathlib
import socket
import subprocess
import time


class Hub:
    def __init__(self, uns, directory, settings=()):
        self._directory = pathlib.Path(directory)
        self._ready = self._directory / "ready.json"
        self._command = [uns, "run", "--data", str(self._directory / "data")]
        self._command += ["--ready-file", str(self._ready)]
        for setting in settings:
            self._command += ["--set", setting]
        self.mqtt = self.http = "127.0.0.1:0"
        self._process = None

    def start(self):
        """Answers the seconds until both ports took connections, and until it called itself ready."""
        known = not self.mqtt.endswith(":0")
        began = time.monotonic()
        self._spawn()
        listening = None
        while not self._ready.exists():
            assert self._process.poll() is None, f"the hub ended: {self.log()}"
            assert time.monotonic() - began < 120, f"the hub is not ready: {self.log()}"
            if known and listening is None and self._takes_connections():
                listening = time.monotonic() - began
            time.sleep(0.002)
        ready = time.monotonic() - began
        bound = json.loads(self._ready.read_text())
        self.mqtt, self.http = bound["mqtt"], bound["http"]
        return listening or ready, ready

    def _spawn(self):
        self._ready.unlink(missing_ok=True)
        ports = ["--set", f"mqtt.listen={self.mqtt}", "--set", f"http.listen={self.http}"]
        with open(self._directory / "hub.log", "a") as log:
            self._process = subprocess.Popen(
                self._command + ports, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def kill_while_starting(self, seconds):
        self._spawn()
        time.sleep(seconds)
        self.kill_nine()

    def _takes_connections(self):
        for address in (self.mqtt, self.http):
            host, _, port = address.rpartition(":")
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
            except OSError:
                return False
        return True

    def kill_nine(self):
        self._process.kill()
        self._process.wait()

    def log(self):
        return (self._directory / "hub.log").read_text()[-4000:]

    def stop(self):
        """Asks it to end, and waits."""
        self._process.terminate()
        assert self._process.wait(120) == 0, self.log()
