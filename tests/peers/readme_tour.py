"""The tour of README.md, word for word, from an empty folder: every shell block of some sections is
typed into one shell, and every line the README shows as output must come, times and numbers of
sequence apart. It wants the default ports for itself, so it runs in a network of its own.

usage: readme_tour.py --uns UNS --readme README.md --directory EMPTY SECTION...
"""

import argparse
import os
import pathlib
import re
import subprocess
import threading
import time

PATIENCE = 90


def blocks(text, section):
    """The shell blocks of a section, each with the output that follows it, or None."""
    part = re.search(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.S | re.M)
    assert part, f"README.md has no section {section}"
    found = re.findall(r"^```(\w*)\n(.*?)^```\n", part.group(1), re.S | re.M)
    steps = []
    for language, content in found:
        if language == "sh":
            steps.append([content, None])
        elif language == "" and steps and steps[-1][1] is None:
            steps[-1][1] = content
    return steps


def masked(line):
    """A line without what differs from one tour to the next."""
    line = re.sub(r"\d{4}-\d\d-\d\dT[0-9:.]+Z", "TIME", line)
    line = re.sub(r'"sequence":\d+', '"sequence":N', line)
    line = re.sub(r'"cursor":"\d+"', '"cursor":"N"', line)
    # An average of the demo's values, which live.
    return re.sub(r"^TIME  \d\d\.\d+  Good$", "TIME  NUMBER  Good", line.strip())


class Shell:
    """One shell that is typed into; what it and its jobs print comes back line by line."""

    def __init__(self, directory, uns):
        path = f"{pathlib.Path(uns).parent}:{os.environ['PATH']}"
        home = directory.with_name("home")
        home.mkdir(exist_ok=True)
        # As on a terminal: no progress, and the next prompt on a line of its own.
        (home / ".curlrc").write_text('silent\nshow-error\nwrite-out = "\\n"\n')
        environment = dict(os.environ, PATH=path, HOME=str(home))
        self._process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=directory,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines, self._seen = [], 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    def type(self, script, name):
        """Types a script in; answers the exit status of each of its commands that ends."""
        self._seen = len(self.lines)
        marker = f"--- end of {name}"
        self._process.stdin.write(f"{script}\necho '{marker}' $?\n")
        self._process.stdin.flush()
        self.await_line(lambda line: line.startswith(marker), name)
        status = next(line for line in self.new() if line.startswith(marker))
        return int(status.split()[-1])

    def new(self):
        return self.lines[self._seen :]

    def await_line(self, fits, what):
        deadline = time.monotonic() + PATIENCE
        while not any(fits(line) for line in self.new()):
            said = "\n".join(self.new())
            assert time.monotonic() < deadline, f"never came: {what}\n{said}"
            time.sleep(0.02)

    def end(self):
        try:
            os.killpg(self._process.pid, 9)
        except ProcessLookupError:
            pass
        self._process.wait()


def walk(shell, steps, section):
    typed = 0
    for number, (script, output) in enumerate(steps):
        name = f"{section} {number}"
        status = shell.type(script, name)
        refused = " was refused by " in (output or "")
        assert refused == (status != 0), f"{name} ended with {status}:\n{script}\n" + "\n".join(
            shell.new()
        )
        complaints = [line for line in shell.new() if "command not found" in line]
        assert not complaints, complaints
        for line in (output or "").splitlines():
            wanted = masked(line)
            # A job in the background may print in the middle of a line, as on any terminal.
            shell.await_line(lambda came: wanted in masked(came), f"{name}: {line}")
        typed += len([line for line in script.splitlines() if line.strip()])
    return typed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sections", nargs="+")
    parser.add_argument("--uns", required=True)
    parser.add_argument("--readme", required=True, type=pathlib.Path)
    parser.add_argument("--directory", required=True, type=pathlib.Path)
    asked = parser.parse_args()
    text = asked.readme.read_text()
    assert not any(asked.directory.iterdir()), "the tour begins in an empty folder"
    hub, shell = Shell(asked.directory, asked.uns), None
    try:
        # What `make run` starts once it has built.
        hub._process.stdin.write("exec uns run --data ./uns-data\n")
        hub._process.stdin.flush()
        hub.await_line(lambda line: "is ready, data in" in line, "the banner")
        shell = Shell(asked.directory, asked.uns)
        typed = sum(walk(shell, blocks(text, section), section) for section in asked.sections)
    finally:
        for one in (shell, hub):
            if one:
                one.end()
    print(f"{typed} lines of {', '.join(asked.sections)} were typed, and said what README.md says")


main()
