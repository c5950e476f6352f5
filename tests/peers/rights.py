"""The live channel over HTTP log-ins: what may be read comes, what may not does not.

usage: rights.py HTTP DEVICE SECRET ADMIN PASSWORD   where the device may read acme/# only
"""

import asyncio
import base64
import json
import sys
import urllib.request

import websockets


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def publish(http, credentials, topic, value):
    request = urllib.request.Request(
        f"http://{http}/api/v1/uns/publish",
        data=json.dumps({"topic": topic, "payload": value}).encode(),
        headers={"Content-Type": "application/json", "Authorization": credentials},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


async def run(http, device, admin):
    url = f"ws://{http}/api/v1/ws"
    try:
        async with websockets.connect(url):
            raise AssertionError("a stranger was let in")
    except websockets.exceptions.InvalidStatus as error:
        assert error.response.status_code == 401, error.response.status_code
    async with websockets.connect(url, additional_headers={"Authorization": device}) as live:
        await live.send(json.dumps({"op": "subscribe", "id": 1, "filter": "other/#"}))
        refused = json.loads(await live.recv())
        assert refused["reason"] == "not_allowed", refused
        await live.send(json.dumps({"op": "subscribe", "id": 2, "filter": "#"}))
        assert json.loads(await live.recv())["op"] == "subscribed"
        for topic in ("other/x", "acme/x", "other/x", "acme/y"):
            await asyncio.to_thread(publish, http, admin, topic, 1)
        seen = []
        while "acme/y" not in seen:
            message = json.loads(await asyncio.wait_for(live.recv(), 10))
            seen += [sample["topic"] for sample in message.get("samples", [])]
        assert seen == ["acme/x", "acme/y"], seen
        await asyncio.to_thread(publish, http, device, "acme/z", 2)
        try:
            await asyncio.to_thread(publish, http, device, "other/z", 2)
            raise AssertionError("a foreign topic was published")
        except urllib.error.HTTPError as error:
            assert error.code == 403 and b"not_authorized" in error.read()


http, device, secret, admin, password = sys.argv[1:]
asyncio.run(run(http, basic(device, secret), basic(admin, password)))
