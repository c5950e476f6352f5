"""From `current` to the live channel and over broken connections: no value missing, none twice,
while values flow (NS-39).

usage: live_handover.py MQTT_HOST:PORT HTTP_HOST:PORT
"""

import sys
import threading
import time

import paho.mqtt.client as mqtt

from hub_api import Api
from live_samples import LiveSamples

TOPIC = "uns/v1/handover/counter"
VALUES = 20_000
READERS = 5


def publish(address):
    host, _, port = address.rpartition(":")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(200)
    client.connect(host, int(port))
    client.loop_start()
    for n in range(1, VALUES + 1):
        last = client.publish(TOPIC, str(n), qos=1)
        if n % 50 == 0:
            time.sleep(0.008)
    last.wait_for_publish(30)
    client.disconnect()
    client.loop_stop()


def main():
    mqtt_address, http_address = sys.argv[1:]
    publisher = threading.Thread(target=publish, args=(mqtt_address,), daemon=True)
    publisher.start()
    api, readers = Api(http_address), []
    while not api.current(TOPIC)[1]:
        assert publisher.is_alive(), "the publisher failed"
        time.sleep(0.01)
    for _ in range(READERS):
        # Each begins at another moment of the flow.
        time.sleep(0.1)
        page = api.get("current", filter=TOPIC)
        got = []
        reader = LiveSamples(http_address, TOPIC, got.extend, start=page["cursor"])
        readers.append((page["values"][0]["value"], got, reader))
    while publisher.is_alive():
        for _, _, reader in readers:
            time.sleep(0.03)
            reader.break_connection()
    publisher.join()
    broken = 0
    for first, got, reader in readers:
        reader.finish({(TOPIC, VALUES)})
        values = [sample["value"] for sample in got]
        assert values == list(range(first + 1, VALUES + 1)), f"after {first}: {values[:5]}…"
        broken += reader.reconnects
    assert broken >= 3 * READERS, f"only {broken} connections broke: this proves little"
    print(f"{READERS} readers, {broken} broken connections, no value missing, none twice")


main()
