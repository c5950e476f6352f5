"""MQTT clients of our own, 3.1.1 and 5, at QoS 2: the publisher takes the lowest packet identifier that
is free, again at once after PUBCOMP, and sends PUBREL again when nothing comes. Small devices do.
"""

import socket
import struct
import threading
import time

PUBLISH, PUBREC, PUBREL, PUBCOMP = 0x30, 0x50, 0x62, 0x70
#: A PUBREL that is not answered for so long is sent again.
SILENCE = 0.01
#: Messages under way at a time.
WINDOW = 12


def length(number):
    out = bytearray()
    while True:
        number, digit = divmod(number, 128)
        out.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(out)


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def packet(head, body):
    return bytes([head]) + length(len(body)) + body


class Gone(Exception):
    """The connection is over."""


class Client:
    """Connects, and connects again, until it is told to stop."""

    def __init__(self, address, version, name, persistent):
        host, _, port = address.rpartition(":")
        self._address = (host, int(port))
        self.version, self.name, self._persistent = version, name, persistent
        self._socket, self._unread, self._was_here = None, bytearray(), False
        self.errors, self.reconnects = [], -1
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self.stopping.set()
        self._thread.join()

    def _run(self):
        while not self.stopping.is_set():
            try:
                self._connect()
                while not self.stopping.is_set():
                    self.tick()
                    self._read()
            except (OSError, Gone):
                time.sleep(0.02)
            except BaseException as error:
                self.errors.append(repr(error))
                return
            finally:
                if self._socket:
                    self._socket.close()

    def _connect(self):
        self._socket = socket.create_connection(self._address, timeout=10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._unread.clear()
        flags = 0 if self._persistent else 2
        body = text("MQTT") + bytes([self.version, flags]) + struct.pack(">H", 60)
        if self.version == 5:
            body += b"\x05\x11" + struct.pack(">I", 3600 if self._persistent else 0)
        self.send(packet(0x10, body + text(self.name)))
        while True:
            found = self._next()
            if found:
                break
            self._receive()
        head, body = found
        if head != 0x20 or body[1] != 0:
            raise Gone
        present = body[0] & 1 == 1
        assert present or not (self._was_here and self._persistent), f"{self.name}: no session"
        self._was_here = True
        self.reconnects += 1
        self._socket.settimeout(0.02)
        self.connected(present)

    def send(self, data):
        self._socket.sendall(data)

    def acknowledge(self, head, identifier):
        self.send(packet(head, struct.pack(">H", identifier)))

    def _receive(self):
        data = self._socket.recv(65536)
        if not data:
            raise Gone
        self._unread += data

    def _next(self):
        """The next whole packet that came, if there is one."""
        number, shift, at = 0, 0, 1
        while True:
            if at >= len(self._unread):
                return None
            digit = self._unread[at]
            number |= (digit & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if not digit & 0x80:
                break
        if len(self._unread) < at + number:
            return None
        head, body = self._unread[0], bytes(self._unread[at : at + number])
        del self._unread[: at + number]
        return head, body

    def _read(self):
        try:
            self._receive()
        except TimeoutError:
            return
        while found := self._next():
            self.got(*found)


class Publisher(Client):
    """Publishes 0, 1, 2, … to a topic; knows what was acknowledged, and what may have been taken."""

    def __init__(self, address, version, persistent):
        kind = "persistent" if persistent else "clean"
        self.topic = f"uns/v1/lowest/v{version}/{kind}"
        self.sent, self.done, self.again, self._next_number = 0, set(), 0, 0
        # By identifier: the number, whether PUBREC came, when it was last sent.
        self._under_way = {}
        self.finishing = threading.Event()
        super().__init__(address, version, f"publisher-{version}-{kind}", persistent)

    def is_idle(self):
        return self.finishing.is_set() and not self._under_way

    def connected(self, present):
        if not present:
            # Nobody knows what became of these; they are not sent again.
            self._under_way.clear()
        for identifier, (number, released, _) in sorted(
            self._under_way.items(), key=lambda one: one[1][0]
        ):
            self._send_one(identifier, number, released, again=True)

    def _send_one(self, identifier, number, released, again=False):
        self._under_way[identifier] = (number, released, time.monotonic())
        if released:
            self.acknowledge(PUBREL, identifier)
            return
        body = text(self.topic) + struct.pack(">H", identifier)
        body += (b"\0" if self.version == 5 else b"") + str(number).encode()
        self.send(packet(PUBLISH | 4 | (8 if again else 0), body))

    def tick(self):
        now = time.monotonic()
        for identifier, (number, released, since) in list(self._under_way.items()):
            if released and now - since > SILENCE:
                self.again += 1
                self._send_one(identifier, number, True)
        while len(self._under_way) < WINDOW and not self.finishing.is_set():
            free = next(one for one in range(1, WINDOW + 2) if one not in self._under_way)
            number, self._next_number = self._next_number, self._next_number + 1
            self.sent += 1
            self._send_one(free, number, False)

    def got(self, head, body):
        (identifier,) = struct.unpack(">H", body[:2])
        reason = body[2] if len(body) > 2 else 0
        number, released, _ = self._under_way.get(identifier, (None, None, None))
        if head == PUBREC:
            assert reason < 0x80, f"{self.name}: {number} was refused with {reason:#x}"
            if number is not None:
                self.done.add(number)
                self._under_way[identifier] = (number, True, time.monotonic())
            self.acknowledge(PUBREL, identifier)
        elif head == PUBCOMP:
            # The answer to a PUBREL that was sent again comes when the identifier may be another's.
            if released:
                del self._under_way[identifier]
        else:
            raise AssertionError(f"{self.name}: packet {head:#x}")


class Subscriber(Client):
    """Writes down each message once, by the rules of QoS 2."""

    def __init__(self, address, version):
        self.received, self._pending, self.ready = {}, set(), threading.Event()
        super().__init__(address, version, f"subscriber-{version}", True)

    def connected(self, present):
        if not present:
            none = b"\0" if self.version == 5 else b""
            body = struct.pack(">H", 1) + none + text("uns/v1/lowest/#") + b"\x02"
            self.send(packet(0x82, body))

    def tick(self):
        pass

    def got(self, head, body):
        if head == 0x90:
            self.ready.set()
        elif head & 0xF0 == PUBLISH:
            self._publish(head, body)
        elif head == PUBREL:
            (identifier,) = struct.unpack(">H", body[:2])
            self._pending.discard(identifier)
            self.acknowledge(PUBCOMP, identifier)
        else:
            raise AssertionError(f"{self.name}: packet {head:#x}")

    def _publish(self, head, body):
        assert head & 6 == 4, f"{self.name}: QoS {head >> 1 & 3}"
        (size,) = struct.unpack(">H", body[:2])
        topic, at = body[2 : 2 + size].decode(), 2 + size
        (identifier,) = struct.unpack(">H", body[at : at + 2])
        at += 2
        if self.version == 5:
            assert body[at] < 0x80
            at += 1 + body[at]
        if identifier not in self._pending:
            self._pending.add(identifier)
            self.received.setdefault(topic, []).append(int(body[at:]))
        self.acknowledge(PUBREC, identifier)
