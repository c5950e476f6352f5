"""paho over one transport: what it publishes at QoS 1 comes back to it, in order.

usage: transports.py SCHEME ADDRESS [PATH [CA [CERTIFICATE KEY [USER PASSWORD]]]]
with SCHEME mqtts, ws or wss
"""

import queue
import sys

import paho.mqtt.client as mqtt

COUNT = 200


def run(scheme, address, path, ca, certificate, key, user, password):
    host, _, port = address.rpartition(":")
    carrier = "websockets" if scheme.startswith("ws") else "tcp"
    for protocol in (mqtt.MQTTv311, mqtt.MQTTv5):
        topic = f"uns/v1/transports/{scheme}{protocol}"
        got, ready = queue.Queue(), queue.Queue()
        client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, protocol=protocol, transport=carrier
        )
        if carrier == "websockets":
            client.ws_set_options(path=path)
        if ca:
            client.tls_set(ca_certs=ca, certfile=certificate or None, keyfile=key or None)
            # The certificate is for this name.
            host = "localhost"
        if user:
            client.username_pw_set(user, password)
        client.on_connect = lambda client, *_, topic=topic: client.subscribe(topic, qos=1)
        client.on_subscribe = lambda *_, ready=ready: ready.put(True)
        client.on_message = lambda _c, _u, message, got=got: got.put(message.payload)
        client.connect(host, int(port))
        client.loop_start()
        ready.get(timeout=60)
        payloads = [b"%d" % n + b" " * (n * 50) for n in range(COUNT)]
        for payload in payloads:
            client.publish(topic, payload, qos=1)
        for payload in payloads:
            assert got.get(timeout=60) == payload
        client.disconnect()
        client.loop_stop()
    print("all of it")


if __name__ == "__main__":
    given = sys.argv[1:]
    run(*given, *["/mqtt", "", "", "", "", ""][len(given) - 2 :])
