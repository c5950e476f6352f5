"""paho-mqtt and mosquitto clients, MQTT 3.1.1 and 5.0, publish to each other on one port."""

import subprocess
import sys
import threading

import paho.mqtt.client as mqtt

PORT = int(sys.argv[1])
HOST = "127.0.0.1"


class Paho:
    def __init__(self, version):
        self.version = version

    def _connect(self, **handlers):
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=self.version)
        for name, handler in handlers.items():
            setattr(client, name, handler)
        client.connect(HOST, PORT)
        client.loop_start()
        return client

    def publish(self, topic, payload):
        ready = threading.Event()
        client = self._connect(on_connect=lambda *_: ready.set())
        assert ready.wait(5), "no CONNACK"
        client.publish(topic, payload, qos=1).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()

    def subscribe(self, topic, subscribed, got):
        client = self._connect(
            on_connect=lambda c, *_: c.subscribe(topic, qos=1),
            on_subscribe=lambda *_: subscribed.set(),
            on_message=lambda _c, _u, message: got.append(message.payload),
        )
        return lambda: (client.disconnect(), client.loop_stop())


class Mosquitto:
    def __init__(self, version):
        self.version = version

    def _args(self, topic):
        return ["-h", HOST, "-p", str(PORT), "-V", self.version, "-q", "1", "-t", topic]

    def publish(self, topic, payload):
        subprocess.run(["mosquitto_pub", *self._args(topic), "-m", payload], check=True, timeout=60)

    def subscribe(self, topic, subscribed, got):
        # Into a pipe it would keep its lines until there are many.
        process = subprocess.Popen(
            ["stdbuf", "-oL", "mosquitto_sub", *self._args(topic), "-d"],
            stdout=subprocess.PIPE,
            text=True,
        )

        def read():
            for line in process.stdout:
                if line.startswith("Subscribed"):
                    subscribed.set()
                elif not line.startswith("Client "):
                    got.append(line.strip().encode())

        threading.Thread(target=read, daemon=True).start()
        return process.kill


def main():
    clients = {
        "paho 3.1.1": Paho(mqtt.MQTTv311),
        "paho 5": Paho(mqtt.MQTTv5),
        "mosquitto 3.1.1": Mosquitto("mqttv311"),
        "mosquitto 5": Mosquitto("mqttv5"),
    }
    met = 0
    for from_name, publisher in clients.items():
        for to_name, subscriber in clients.items():
            topic = f"meet/{from_name}/{to_name}"
            subscribed, got = threading.Event(), []
            stop = subscriber.subscribe(topic, subscribed, got)
            try:
                assert subscribed.wait(5), f"{to_name}: no SUBACK"
                publisher.publish(topic, from_name)
                for _ in range(100):
                    if got:
                        break
                    threading.Event().wait(0.05)
                if got == [from_name.encode()]:
                    met += 1
                else:
                    print(f"{from_name} to {to_name}: {got}")
            finally:
                stop()
    print(f"{met} of {len(clients) ** 2} pairs met")


main()
