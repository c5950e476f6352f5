"""SCRAM-SHA-256 over MQTT 5 AUTH: packets by hand, the exchange by scramp.

usage: scram.py MQTT USER PASSWORD
"""

import socket
import sys
import time

from scramp import ScramClient

METHOD = b"SCRAM-SHA-256"
CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT, AUTH = 0x10, 0x20, 0x32, 0x40, 0xE0, 0xF0


def text(data):
    return len(data).to_bytes(2, "big") + data


def varint(number):
    out = bytearray()
    while True:
        number, low = divmod(number, 128)
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def properties(method, data):
    body = b"\x15" + text(method) + (b"\x16" + text(data) if data is not None else b"")
    return varint(len(body)) + body


class Connection:
    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self.socket = socket.create_connection((host, int(port)), timeout=60)
        self.stream = self.socket.makefile("rb")

    def send(self, kind, body):
        self.socket.sendall(bytes([kind]) + varint(len(body)) + body)

    def receive(self):
        head = self.stream.read(1)
        assert head, "the hub closed without a word"
        length, shift = 0, 0
        while True:
            byte = self.stream.read(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return head[0] & 0xF0, self.stream.read(length)

    def connect(self, method, data):
        flags = b"\x02"
        body = text(b"MQTT") + b"\x05" + flags + b"\x00\x3c" + properties(method, data)
        self.send(CONNECT, body + text(b"scram-client"))

    def auth(self, reason, data):
        self.send(AUTH, bytes([reason]) + properties(METHOD, data))


def data_of(body):
    """The reason and the authentication data of CONNACK (after its flags) or AUTH."""
    reason, rest = body[0], body[1:]
    length = rest[0] & 0x7F
    at = 1
    if rest[0] >= 0x80:
        length |= rest[1] << 7
        at = 2
    found, end = None, at + length
    fixed = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
    while at < end:
        kind = rest[at]
        at += 1
        if kind in fixed:
            at += fixed[kind]
            continue
        size = int.from_bytes(rest[at : at + 2], "big")
        if kind == 0x16:
            found = rest[at + 2 : at + 2 + size]
        at += 2 + size
    return reason, found


def log_in(address, user, password):
    """The connection, and the reason it ended with."""
    scram = ScramClient(["SCRAM-SHA-256"], user, password)
    connection = Connection(address)
    connection.connect(METHOD, scram.get_client_first().encode())
    kind, body = connection.receive()
    assert kind == AUTH, hex(kind)
    reason, challenge = data_of(body)
    assert reason == 0x18, hex(reason)
    scram.set_server_first(challenge.decode())
    connection.auth(0x18, scram.get_client_final().encode())
    kind, body = connection.receive()
    assert kind == CONNACK, hex(kind)
    reason, last = data_of(body[1:])
    if reason == 0:
        # Here scramp checks that the hub knows the password too.
        scram.set_server_final(last.decode())
    return connection, reason


def publish(connection, topic):
    connection.send(PUBLISH, text(topic) + b"\x00\x01" + b"\x00" + b"7")
    kind, body = connection.receive()
    assert kind == PUBACK, hex(kind)
    return body[2] if len(body) > 2 else 0


def run(address, user, password):
    deadline = time.monotonic() + 60
    while True:
        # The hub takes the new account in within seconds.
        try:
            connection, reason = log_in(address, user, password)
            if reason == 0:
                break
        except AssertionError:
            pass
        assert time.monotonic() < deadline, "the account does not come"
        time.sleep(0.3)
    assert publish(connection, b"acme/a") == 0
    assert publish(connection, b"other/a") == 0x87
    # Again on the same connection.
    again = ScramClient(["SCRAM-SHA-256"], user, password)
    connection.auth(0x19, again.get_client_first().encode())
    _, body = connection.receive()
    again.set_server_first(data_of(body)[1].decode())
    connection.auth(0x18, again.get_client_final().encode())
    kind, body = connection.receive()
    reason, last = data_of(body) if len(body) > 1 else (0, None)
    assert (kind, reason) == (AUTH, 0), (hex(kind), reason)
    again.set_server_final(last.decode())

    assert log_in(address, user, "wrong password")[1] == 0x87
    assert log_in(address, "ghost", password)[1] == 0x87
    unknown = Connection(address)
    unknown.connect(b"SCRAM-SHA-512", b"n,,n=x,r=y")
    kind, body = unknown.receive()
    assert (kind, body[1]) == (CONNACK, 0x8C), (hex(kind), body)
    print("all of it")


run(*sys.argv[1:])
