"""JSON Web Tokens made with the standard library and openssl, as passwords of paho and over HTTP.

usage: tokens.py MQTT HTTP DIRECTORY   with rsa.key, rsa.pem, ec.key and ec.pem in the directory
"""

import base64
import hashlib
import hmac
import json
import pathlib
import queue
import subprocess
import sys
import time
import urllib.error
import urllib.request

import paho.mqtt.client as mqtt


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def openssl(key, data):
    command = ["openssl", "dgst", "-sha256", "-sign", key]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def fixed(der):
    """The two numbers of an ECDSA signature, 32 bytes each."""
    numbers, rest = [], der[2:]
    for _ in range(2):
        length = rest[1]
        numbers.append(int.from_bytes(rest[2 : 2 + length], "big").to_bytes(32, "big"))
        rest = rest[2 + length :]
    return b"".join(numbers)


class Maker:
    def __init__(self, directory):
        self.directory = pathlib.Path(directory)

    def token(self, algorithm="RS256", kid="rsa", header=None, **change):
        head = {"alg": algorithm, "typ": "JWT", "kid": kid, **(header or {})}
        claims = {
            "iss": "https://idp.test",
            "aud": "uns",
            "sub": "line-9",
            "exp": int(time.time()) + 60,
            "allow": ["acme/#"],
        }
        claims = {name: v for name, v in {**claims, **change}.items() if v is not None}
        signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{signed}.{b64(self.sign(algorithm, signed.encode()))}"

    def sign(self, algorithm, data):
        if algorithm == "RS256":
            return openssl(str(self.directory / "rsa.key"), data)
        if algorithm == "ES256":
            return fixed(openssl(str(self.directory / "ec.key"), data))
        if algorithm == "HS256":
            # The public key as a shared secret: the confusion of algorithms.
            secret = (self.directory / "rsa.pem").read_bytes()
            return hmac.new(secret, data, hashlib.sha256).digest()
        return b""


def over_mqtt(address, token, topic="acme/a"):
    """The reason of CONNACK, and of PUBACK if it came to that."""
    host, _, port = address.rpartition(":")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set("anything", token)
    answers = queue.Queue()
    client.on_connect = lambda _c, _u, _f, reason, _p: answers.put(reason.value)
    client.on_publish = lambda _c, _u, _m, reason, _p: answers.put(reason.value)
    client.connect(host, int(port))
    client.loop_start()
    try:
        reasons = [answers.get(timeout=60)]
        if reasons == [0]:
            client.publish(topic, "7", qos=1)
            reasons.append(answers.get(timeout=60))
        return reasons
    finally:
        client.disconnect()
        client.loop_stop()


def over_http(address, token, path="current"):
    request = urllib.request.Request(
        f"http://{address}/api/v1/uns/{path}", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def ended_by_expiry(address, maker):
    """A connection whose token ends is told so: DISCONNECT 0x87 or 0x98."""
    host, _, port = address.rpartition(":")
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.username_pw_set("x", maker.token(exp=int(time.time()) + 3))
    answers = queue.Queue()
    client.on_connect = lambda _c, _u, _f, reason, _p: answers.put(reason.value)
    client.on_disconnect = lambda _c, _u, _f, reason, _p: answers.put(reason.value)
    client.connect(host, int(port))
    client.loop_start()
    assert answers.get(timeout=60) == 0
    ended = answers.get(timeout=60)
    client.loop_stop()
    assert ended in (0x87, 0x98), hex(ended)


def run(mqtt_address, http_address, directory):
    maker = Maker(directory)
    for good in (maker.token(), maker.token("ES256", "ec")):
        assert over_mqtt(mqtt_address, good) == [0, 0]
        assert over_mqtt(mqtt_address, good, "other/a") == [0, 0x87]
        assert over_http(http_address, good) == 200
        assert over_http(http_address, good, "history?topic=other/a") == 403
    admin = maker.token(roles=["admin"], allow=None)
    assert over_mqtt(mqtt_address, admin, "other/a") == [0, 0]
    header, claims, signature = maker.token().split(".")
    other = maker.token(sub="admin", roles=["admin"]).split(".")
    forged = {
        "none": maker.token("none"),
        "None": maker.token("None"),
        "no signature": f"{header}.{claims}.",
        "RS256 key as HS256 secret": maker.token("HS256"),
        "claims of another token": f"{header}.{other[1]}.{signature}",
        "expired": maker.token(exp=int(time.time()) - 1),
        "no end": maker.token(exp=None),
        "end as text": maker.token(exp=str(int(time.time()) + 60)),
        "not yet": maker.token(nbf=int(time.time()) + 60),
        "other audience": maker.token(aud="other"),
        "no audience": maker.token(aud=None),
        "other issuer": maker.token(iss="https://evil.test"),
        "kid of another key": maker.token(kid="ec"),
        "kid of a path": maker.token(kid="../../../dev/null"),
        "kid of SQL": maker.token(kid="x' UNION SELECT 'secret"),
        "own key inside": maker.token("HS256", header={"jwk": {"kty": "oct", "k": "AA"}}),
        "key from elsewhere": maker.token("none", header={"jku": "http://127.0.0.1:1/"}),
        "critical": maker.token(header={"crit": ["exp"]}),
    }
    # MQTT slows guessing down per name and address, so HTTP sees all of them and MQTT a few.
    for number, (what, token) in enumerate(forged.items()):
        status = over_http(http_address, token)
        assert status in (401, 429), f"{what}: {status}"
        if number < 4:
            assert over_mqtt(mqtt_address, token) == [0x86], what
    ended_by_expiry(mqtt_address, maker)
    print("all of it")


run(*sys.argv[1:])
