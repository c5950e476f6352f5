"""Fills a data directory with one of everything, and asks a hub what it holds.

usage: old_directory.py write UNS DIRECTORY   fills DIRECTORY/data and kills the hub with -9
       old_directory.py ask MQTT HTTP         prints the answers as JSON
       old_directory.py values MQTT HTTP      the same without what a session gets only once

docs/testing.md says how a fixture is made with this for `tests/hub/old_directory.rs`.
"""

import json
import pathlib
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from hub_process import Hub

PATIENCE = 60
PRESS = "uns/v1/acme/berlin/press"
HALL = "Werk Köln/Halle 1"
WILL = "uns/v1/wills/press"
# What `write_retained` leaves, and the will.
RETAINED = 6
VISITORS = ["visitor-311-1", "visitor-311-2", "visitor-5-1", "visitor-5-2"]


def address(text):
    host, _, port = text.rpartition(":")
    return host, int(port)


class Client:
    """One paho client that stays; publishes wait until they are acknowledged."""

    def __init__(self, at, name, version=mqtt.MQTTv5, session=False, will=None):
        self.version, self.messages = version, []
        old = {} if version == mqtt.MQTTv5 else {"clean_session": not session}
        self.paho = mqtt.Client(
            mqtt.CallbackAPIVersion.VERSION2, name, protocol=version, **old
        )
        self._subscribed = threading.Event()
        self._connected = threading.Event()
        self.present = False
        self.paho.on_connect = self._on_connect
        self.paho.on_subscribe = lambda *_: self._subscribed.set()
        self.paho.on_message = self._on_message
        if will is not None:
            self.paho.will_set(will, "gone", qos=1, retain=True)
        new = {}
        if version == mqtt.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)
            properties.SessionExpiryInterval = 604_800 if session else 0
            new = {"clean_start": not session, "properties": properties}
        self.paho.connect(*address(at), keepalive=0, **new)
        self.paho.loop_start()
        assert self._connected.wait(PATIENCE), f"{name} is not connected"

    def _on_connect(self, _client, _data, flags, reason, _properties):
        assert not reason.is_failure, reason
        self.present = flags.session_present
        self._connected.set()

    def _on_message(self, _client, _data, message):
        self.messages.append(message)

    def subscribe(self, *filters):
        self._subscribed.clear()
        self.paho.subscribe(list(filters))
        assert self._subscribed.wait(PATIENCE)

    def publish(self, topic, payload, qos=1, retain=False, content_type=None, properties=()):
        packed = None
        if content_type is not None or properties:
            packed = Properties(PacketTypes.PUBLISH)
            if content_type is not None:
                packed.ContentType = content_type
            if properties:
                packed.UserProperty = list(properties)
        if isinstance(payload, (dict, list)):
            payload = json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
        sent = self.paho.publish(topic, payload, qos=qos, retain=retain, properties=packed)
        sent.wait_for_publish(PATIENCE)
        assert sent.is_published(), topic

    def close(self):
        self.paho.disconnect()
        self.paho.loop_stop()


def call(http, path, method="GET", body=None):
    """Status and JSON, once the hub has got so far."""
    url = f"http://{http}/api/v1/uns/{path}"
    deadline = time.monotonic() + 2 * PATIENCE
    while True:
        request = urllib.request.Request(url, method=method, data=body)
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 504 or time.monotonic() > deadline:
                return error.code, json.load(error)


def publish_over_http(http, topic, payload):
    body = json.dumps({"topic": topic, "payload": payload}).encode()
    status, answer = call(http, "publish", "POST", body)
    assert status == 200, answer


def mosquitto_pub(at, *arguments):
    host, port = address(at)
    subprocess.run(["mosquitto_pub", "-h", host, "-p", str(port), *arguments], check=True)


def moment(second, minute=0, hour=8, day=2):
    return f"2026-11-{day:02}T{hour:02}:{minute:02}:{second:02}Z"


def write_samples(client, day):
    """A sine of short decimals, integers that count, flags and states, each with its time."""
    for n in range(240):
        value = round(61.5 + (n * 7 % 40) / 10, 1)
        sample = {"value": value, "timestamp": moment(n % 60, n // 60, day=day), "unit": "Cel"}
        if n % 50 == 7:
            sample["quality"] = "Bad"
        if n % 50 == 11:
            sample["quality"] = "Uncertain"
        client.publish(f"{PRESS}/bearing", sample, qos=n % 3)
    for n in range(60):
        client.publish(f"{PRESS}/strokes", {"value": 1000 * day + n, "timestamp": moment(n, day=day)})
        client.publish(f"{PRESS}/running", str(n % 4 != 3).lower())
        motor = {"rpm": 1480 + n, "bearing": {"temp": 60 + n / 4, "worn": n > 30}, "state": "RUN"}
        client.publish(f"{PRESS}/motor", motor)
        client.publish(f"{HALL}/Druck [bar]", str(round(3 + n / 16, 4)), qos=0)
    late = {"value": 55.5, "timestamp": moment(30, 30, 7, day), "unit": "Cel"}
    client.publish(f"{PRESS}/bearing", late)
    past = {"value": 54.25, "timestamp": moment(0, 0, 6, day), "historical": True, "unit": "Cel"}
    client.publish(f"{PRESS}/bearing", past)


def write_shapes(client, day):
    """Everything a payload can be."""
    client.publish(f"{PRESS}/state", "RUN")
    client.publish(f"{PRESS}/order", '"A-4711"')
    client.publish(f"{PRESS}/counter", str(2**63 + day))
    client.publish(f"{PRESS}/nothing", "null")
    client.publish(f"{PRESS}/level", "NaN")
    client.publish(f"{PRESS}/image", bytes([0xFF, 0xD8, 0xFF, 0xE0, day]) + bytes(40))
    rows = [{"value": n / 8, "timestamp": moment(n, 5, day=day)} for n in range(20)]
    client.publish(f"{PRESS}/rows", rows)
    times = [moment(n, 6, day=day) for n in range(20)]
    columns = {"t": times, "v": list(range(20)), "q": ["Good"] * 19 + ["Bad"]}
    client.publish(f"{PRESS}/columns", columns)
    points = [{"path": f"zone{n}/temp", "value": 180 + n + day / 10} for n in range(4)]
    points.append({"path": "zone 9/temp", "value": 1})
    client.publish(f"{PRESS}/oven", {"points": points})
    client.publish(f"{HALL}/Temperatur", '{"value":21.5,"unit":"°C"}'.encode("cp1252"))
    client.publish(f"{HALL}/Störung", "Tür offen".encode())
    client.publish(f"{HALL}/doppelt", '{"a":1,"a":2}')
    client.publish(f"{HALL}/kaputt", '{"a":1,"b":')
    client.publish(f"{HALL}/tief", "[" * 40 + "]" * 40)
    client.publish(f"{HALL}/Rezept", {"name": "Teig", "steps": [{"t": 1}, {"t": 2}], "note": "x\ny"})
    client.publish(f"{HALL}/wechselt", {"a": 1, "b": 2} if day < 4 else "17")
    client.publish(f"{HALL}/Uhr", {"value": day, "timestamp": "1971-01-01T00:00:00Z"})
    client.publish("uns/v1/acme/berlin/line 3/speed", "1")
    client.publish(f"{PRESS}/refused", '{"a":1,"a":2}')


def write_retained(client, at):
    client.publish(f"{PRESS}/state", "STOP", retain=True)
    client.publish(f"{PRESS}/recipe", {"name": "Blech", "force": 12.5}, qos=2, retain=True)
    client.publish(f"{PRESS}/cleared", "1", retain=True)
    client.publish(f"{PRESS}/cleared", "", retain=True)
    client.publish("spBv1.0/STATE/scada", '{"online":true}', retain=True)
    kind = {"content_type": "text/plain", "properties": [("line", "3")]}
    client.publish(f"{HALL}/Hinweis", "Größe prüfen", retain=True, **kind)
    mosquitto_pub(at, "-t", f"{HALL}/mosquitto", "-m", "42", "-q", "1", "-r")


def session_of(at, name):
    _, version, _ = name.split("-")
    return Client(at, name, mqtt.MQTTv5 if version == "5" else mqtt.MQTTv311, session=True)


def write(uns, directory):
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    hub = Hub(uns, directory)
    hub.start()
    for name in VISITORS:
        visitor = session_of(hub.mqtt, name)
        visitor.subscribe(("owed/#", int(name[-1])), (f"{PRESS}/orders", 1))
        visitor.close()
    client = Client(hub.mqtt, "gateway-7")
    write_samples(client, 2)
    write_shapes(client, 2)
    write_retained(client, hub.mqtt)
    for name in ("kept", "purged"):
        for n in range(5):
            client.publish(f"uns/v1/acme/old/{name}", {"value": n, "timestamp": moment(n)})
    client.close()
    hub.stop()
    hub.start()
    for name, purge in (("kept", "false"), ("purged", "true")):
        status, answer = call(hub.http, f"nodes?path=uns/v1/acme/old/{name}&purge={purge}", "DELETE")
        assert status == 200, answer
    # What follows is in the log only, most of it in a second segment.
    client = Client(hub.mqtt, "gateway-7")
    for _ in range(200):
        client.publish(f"{PRESS}/filler", "x" * 600)
    write_samples(client, 3)
    write_shapes(client, 4)
    publish_over_http(hub.http, f"{PRESS}/speed", 118)
    publish_over_http(hub.http, f"{PRESS}/speed", {"value": 119, "unit": "1/min"})
    for n in range(12):
        client.publish(f"owed/{n % 3}", f"message {n}", qos=1 + n % 2)
        client.publish(f"{PRESS}/orders", {"order": n}, qos=2)
    client.close()
    # Half of what one session is owed has arrived and is not acknowledged.
    host, port = address(hub.mqtt)
    again = ["mosquitto_sub", "-h", host, "-p", str(port), "-i", VISITORS[1], "-c", "-q", "2"]
    subprocess.run([*again, "-t", "owed/#", "-C", "5"], check=True, stdout=subprocess.DEVNULL)
    absent = Client(hub.mqtt, "press-5", session=True, will=WILL)
    absent.subscribe((f"{PRESS}/orders", 1))
    hub.kill_nine()


def within(day):
    return f"&start=2026-11-{day:02}T00:00:00Z&end=2026-11-{day + 1:02}T00:00:00Z"


def history(http, topic, more=""):
    """Every sample of a topic, over all pages."""
    samples, after = [], ""
    while after is not None:
        query = f"history?topic={urllib.parse.quote(topic)}{more}&limit=500{after}"
        status, page = call(http, query)
        if status != 200:
            return {"status": status, "reason": page.get("reason")}
        samples += page["samples"]
        after = f"&after={page['next']}" if page.get("next") else None
    return samples


def ask_history(http):
    year = "&start=2026-01-01T00:00:00Z&end=2027-01-01T00:00:00Z"
    topics = [f"{PRESS}/{name}" for name in ("bearing", "strokes", "running", "state", "order")]
    topics += [f"{PRESS}/{name}" for name in ("counter", "nothing", "level", "image", "rows")]
    topics += [f"{PRESS}/{name}" for name in ("columns", "oven/zone0/temp", "motor", "speed")]
    topics += [f"{HALL}/{name}" for name in ("Druck [bar]", "Temperatur", "Störung", "doppelt")]
    topics += [f"{HALL}/{name}" for name in ("kaputt", "tief", "Rezept", "wechselt", "Uhr")]
    topics += ["uns/v1/acme/old/kept", "uns/v1/acme/old/purged"]
    answers = {topic: history(http, topic, year) for topic in topics}
    for field in ("rpm", "bearing.temp", "bearing.worn", "state"):
        answers[f"motor {field}"] = history(http, f"{PRESS}/motor", f"{year}&field={field}")
    answers["wechselt a"] = history(http, f"{HALL}/wechselt", f"{year}&field=a")
    for name in ("avg", "min", "max", "count"):
        for day in (2, 3):
            more = f"{within(day)}&aggregate={name}&bucket=1m"
            answers[f"{name} {day}"] = history(http, f"{PRESS}/bearing", more)
    return answers


def retained(at):
    host, port = address(at)
    command = ["mosquitto_sub", "-h", host, "-p", str(port), "-V", "5", "-W", str(PATIENCE)]
    command += ["-C", str(RETAINED), "--retained-only", "-F", "%r %q %t %C %P %p"]
    for topic in ("uns/v1/acme/#", "Werk Köln/#", "spBv1.0/#", "uns/v1/wills/#"):
        command += ["-t", topic]
    said = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()
    return sorted(said.splitlines())


def redelivered(at, name):
    """What a session is owed: by topic and QoS, since a client has QoS 2 only once it is released."""
    client = session_of(at, name)
    assert client.present, f"there is no session {name}"
    # It is the last thing the session is owed, of the QoS that takes longest.
    mosquitto_pub(at, "-t", "owed/last", "-m", name, "-q", "2")
    deadline, topics = time.monotonic() + PATIENCE, {}
    while "owed/last" not in [message.topic for message in list(client.messages)]:
        assert time.monotonic() < deadline, f"{name} has got {len(client.messages)} messages"
        time.sleep(0.02)
    for message in client.messages:
        if message.topic == "owed/last":
            continue
        topics.setdefault(f"{message.topic} {message.qos}", []).append(message.payload.decode())
    client.close()
    return topics


def forgets_time(answer):
    """Without what a later start decides."""
    if isinstance(answer, dict):
        left_out = ("asOf", "requestId", "age", "committed")
        return {key: forgets_time(one) for key, one in answer.items() if key not in left_out}
    return [forgets_time(one) for one in answer] if isinstance(answer, list) else answer


def ask(what, at, http):
    deadline = time.monotonic() + PATIENCE
    while not call(http, f"current?filter={WILL}")[1]["values"]:
        assert time.monotonic() < deadline, "the will is not published"
        time.sleep(0.05)
    hall, press = urllib.parse.quote("Werk Köln"), urllib.parse.quote("uns/v1/acme")
    queries = [
        f"current?filter={press}/**&limit=1000",
        f"current?filter={hall}/**&limit=1000",
        f"tree?path={press}",
        f"tree?path={press}/berlin/press",
        f"tree?path={hall}",
        "search?q=temp",
        "search?q=druck",
        "dead-letters?limit=1000",
        "violations",
    ]
    answers = {query: forgets_time(call(http, query)[1]) for query in queries}
    for query in queries[:2]:
        # As of where the answer is: a number once, a cursor now, and another one at each start.
        for as_of in ("sequence", "cursor"):
            answers[query].pop(as_of, None)
    answers["history"] = ask_history(http)
    answers["retained"] = retained(at)
    for name in VISITORS if what == "ask" else ():
        answers[name] = redelivered(at, name)
    return answers


def show(answers):
    """JSON, a line for each answer."""
    def lines(pairs):
        text = {key: json.dumps(one, ensure_ascii=False, sort_keys=True) for key, one in pairs}
        return ",\n".join(f"{json.dumps(key, ensure_ascii=False)}: {one}" for key, one in text.items())

    history = lines(sorted(answers.pop("history").items()))
    print(f'{{\n{lines(sorted(answers.items()))},\n"history": {{\n{history}\n}}\n}}')


def main():
    if sys.argv[1] == "write":
        write(*sys.argv[2:])
    else:
        show(ask(*sys.argv[1:]))


main()
