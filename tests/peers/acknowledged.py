"""Publishers that write down which values were acknowledged to them, and only those."""

import datetime
import threading
import time

import paho.mqtt.client as mqtt

FILTER = "uns/v1/acknowledged/**"
#: Value n carries the time START + n ms, so that a value sent twice is one sample.
START = 1_767_225_600_000_000_000
END = START + 30 * 86_400 * 1_000_000_000
TOPICS = 4


def time_of(n):
    return START + n * 1_000_000


class Publisher:
    """One paho client at QoS 1, 3.1.1 or 5; paho sends again what was not acknowledged."""

    def __init__(self, address, number):
        self._prefix = f"uns/v1/acknowledged/publisher{number}"
        self._sent, self._early, self._done = {}, set(), {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        version = (mqtt.MQTTv5, mqtt.MQTTv311)[number % 2]
        clean = {} if version == mqtt.MQTTv5 else {"clean_session": False}
        self._client = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, f"publisher{number}", protocol=version, **clean
        )
        self._client.on_publish = self._acknowledged
        self._client.reconnect_delay_set(0.05, 0.2)
        self._client.max_inflight_messages_set(100)
        host, _, port = address.rpartition(":")
        self._client.connect(host, int(port))
        self._client.loop_start()
        self._thread = threading.Thread(target=self._publish, daemon=True)
        self._thread.start()

    def _publish(self):
        n = 0
        while not self._stop.is_set():
            with self._lock:
                waiting = len(self._sent)
            if waiting > 400:
                time.sleep(0.002)
                continue
            for _ in range(20):
                topic = f"{self._prefix}/tag{n % TOPICS}"
                at = datetime.datetime.fromtimestamp(time_of(n) / 1e9, datetime.timezone.utc)
                stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                payload = f'{{"value":{n},"timestamp":"{stamp}"}}'
                info = self._client.publish(topic, payload, qos=1)
                with self._lock:
                    # The acknowledgement may come before this line.
                    if info.mid in self._early:
                        self._early.remove(info.mid)
                        self._done.setdefault(topic, set()).add(n)
                    else:
                        self._sent[info.mid] = (topic, n)
                n += 1
            time.sleep(0.01)

    def _acknowledged(self, _client, _data, mid, reason, _properties):
        assert not reason.is_failure, reason
        with self._lock:
            if mid in self._sent:
                topic, n = self._sent.pop(mid)
                self._done.setdefault(topic, set()).add(n)
            else:
                self._early.add(mid)

    def done(self):
        with self._lock:
            return {topic: set(numbers) for topic, numbers in self._done.items()}

    def finish(self):
        """Stops publishing and waits for the acknowledgements still due."""
        self._stop.set()
        self._thread.join()
        deadline = time.monotonic() + 60
        while self._sent:
            assert time.monotonic() < deadline, f"{len(self._sent)} were never acknowledged"
            time.sleep(0.01)
        self._client.disconnect()
        self._client.loop_stop()


def done(publishers):
    return {topic: numbers for p in publishers for topic, numbers in p.done().items()}
