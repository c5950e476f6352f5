"""One paho client with a session, driven by session_libraries.py: prints what it got and what was
acknowledged to it, one line each, over reconnects.

usage: session_client.py ADDRESS VERSION QOS publish|subscribe TOPIC COUNT
"""

import socket
import sys
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

address, version, qos, role, topic, count = sys.argv[1:]
version, qos, count = int(version), int(qos), int(count)


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Patient(mqtt.Client):
    """Connects again only once there is somebody to connect to.

    paho 2.1 notes at each attempt what it has to send again, and at the second attempt takes a
    message whose PUBREL it sent for one it has not sent: it would publish it a second time, under an
    identifier that is free again by then.

    Between its new socket and its CONNECT it also lets another thread queue a PUBLISH, which then is
    the first packet, a protocol error (3.1.0-1): here the one waits for the other.
    """

    def __init__(self, *args, **named):
        self._connecting = threading.Lock()
        super().__init__(*args, **named)

    def reconnect(self):
        host, _, port = address.rpartition(":")
        while True:
            try:
                socket.create_connection((host, int(port))).close()
                with self._connecting:
                    return super().reconnect()
            except OSError:
                time.sleep(0.02)

    def publish(self, *args, **named):
        with self._connecting:
            return super().publish(*args, **named)


class Session:
    def __init__(self):
        persistent = {} if version == mqtt.MQTTv5 else {"clean_session": False}
        self._client = Patient(
            mqtt.CallbackAPIVersion.VERSION2,
            f"paho-{role}-{version}-{qos}",
            protocol=version,
            **persistent,
        )
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(0.05, 0.1)
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: say("ready")
        self._client.on_message = lambda _c, _u, message: say(f"got {message.payload.decode()}")
        self._client.on_publish = self._published
        self._first = threading.Event()

    def run(self):
        options = {}
        if version == mqtt.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 3600
            options = {"clean_start": False, "properties": properties}
        host, _, port = address.rpartition(":")
        self._client.connect(host, int(port), keepalive=60, **options)
        self._client.loop_start()
        assert self._first.wait(10), "no CONNACK"
        if role == "publish":
            for n in range(count):
                self._client.publish(topic, f"{n}", qos=qos)
                time.sleep(0.005)
        threading.Event().wait()

    def _published(self, _client, _data, mid, reason, _properties):
        # 0x92 answers a PUBREL that is sent again after its PUBCOMP was lost: no error (3.7.2.1).
        lost = reason.is_failure and reason.value != 0x92
        say(f"{'lost' if lost else 'done'} {mid - 1}")

    def _connected(self, client, _data, flags, reason, _properties):
        assert not reason.is_failure, reason
        say(f"present {str(flags.session_present).lower()}")
        if not self._first.is_set() and role == "subscribe":
            client.subscribe(topic, qos)
        self._first.set()


Session().run()
