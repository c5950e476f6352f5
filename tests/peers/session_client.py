"""One paho client with a session, driven by session_libraries.py: prints what it got and what was
acknowledged to it, one line each, over reconnects.

usage: session_client.py ADDRESS VERSION QOS publish|subscribe TOPIC COUNT
"""

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


class Session:
    def __init__(self):
        persistent = {} if version == mqtt.MQTTv5 else {"clean_session": False}
        self._client = mqtt.Client(
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
        say(f"{'lost' if reason.is_failure else 'done'} {mid - 1}")

    def _connected(self, client, _data, flags, reason, _properties):
        assert not reason.is_failure, reason
        say(f"present {str(flags.session_present).lower()}")
        if not self._first.is_set() and role == "subscribe":
            client.subscribe(topic, qos)
        self._first.set()


Session().run()
