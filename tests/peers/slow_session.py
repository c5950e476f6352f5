"""A slow subscriber of paho in MQTT 5, which acknowledges nothing until its session is owed too much:
what it is told then, and what it gets when it is back.

usage: slow_session.py ADDRESS TOPIC OWED SENT
"""

import sys
import threading
import time

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

address, topic, owed, sent = sys.argv[1:]
host, _, port = address.rpartition(":")
owed, sent = int(owed), int(sent)
PATIENCE = 60


def connected(name, manual_ack):
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2,
        name,
        protocol=mqtt.MQTTv5,
        manual_ack=manual_ack,
        reconnect_on_failure=False,
    )
    client.up, client.ready, client.down = threading.Event(), threading.Event(), threading.Event()
    client.got, client.full, client.last_words = [], threading.Event(), None

    def on_message(client, _, message):
        client.got.append(message.payload.decode())
        if len(set(client.got)) >= owed:
            client.full.set()

    def on_disconnect(client, _, flags, reason, properties):
        client.last_words = (reason.value, getattr(properties, "ReasonString", None))
        client.down.set()

    client.on_connect = lambda *_: client.up.set()
    client.on_subscribe = lambda *_: client.ready.set()
    client.on_message, client.on_disconnect = on_message, on_disconnect
    lasting = Properties(PacketTypes.CONNECT)
    lasting.SessionExpiryInterval = 3600
    client.connect(host, int(port), clean_start=False, properties=lasting)
    client.loop_start()
    assert client.up.wait(PATIENCE), "no CONNACK"
    return client


slow = connected("slow5", manual_ack=True)
slow.subscribe(topic, qos=1)
assert slow.ready.wait(PATIENCE), "no SUBACK"
publisher = connected("publisher5", manual_ack=False)
for number in range(sent):
    publisher.publish(topic, str(number), qos=1).wait_for_publish(PATIENCE)
assert slow.down.wait(PATIENCE), "it was told nothing"
code, words = slow.last_words
print(f"told {code:#x}: {words}")
slow.loop_stop()
back = connected("slow5", manual_ack=False)
assert back.full.wait(PATIENCE), f"it got {back.got}"
# Once the log has what it acknowledged there is room again, and nothing ends it meanwhile.
until = time.monotonic() + PATIENCE
while "after" not in back.got:
    assert time.monotonic() < until, f"it got {back.got}"
    publisher.publish(topic, "after", qos=1).wait_for_publish(PATIENCE)
    assert not back.down.wait(0.1), f"told {back.last_words}"
print("got", " ".join(dict.fromkeys(back.got)))
for client in (back, publisher):
    client.disconnect()
    client.loop_stop()
