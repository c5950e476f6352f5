// mqtt.js over one transport: what it publishes at QoS 1 comes back to it, in order.
//
// usage: transports.cjs URL [CA [CERTIFICATE KEY]]   with mqtt:, mqtts:, ws: or wss:
"use strict";

const fs = require("node:fs");
const mqtt = require("mqtt");

const COUNT = 200;
const [url, ca, certificate, key] = process.argv.slice(2);

function run(protocolVersion) {
  return new Promise((done, fail) => {
    const topic = `uns/v1/transports/js${new URL(url).protocol.slice(0, -1)}${protocolVersion}`;
    const read = (path) => (path ? fs.readFileSync(path) : undefined);
    const files = { ca: read(ca), cert: read(certificate), key: read(key) };
    const client = mqtt.connect(url, { protocolVersion, reconnectPeriod: 0, ...files });
    const late = setTimeout(() => fail(new Error("nothing for 10 s")), 10_000);
    let got = 0;
    client.on("error", fail);
    client.on("connect", () => {
      client.subscribe(topic, { qos: 1 }, (error) => {
        if (error) return fail(error);
        for (let n = 0; n < COUNT; n += 1) client.publish(topic, payload(n), { qos: 1 });
      });
    });
    client.on("message", (_topic, message) => {
      if (message.toString() !== payload(got)) fail(new Error(`${message} is not number ${got}`));
      got += 1;
      if (got < COUNT) return late.refresh();
      clearTimeout(late);
      client.end(false, {}, done);
    });
  });
}

function payload(n) {
  return `${n}${" ".repeat(n * 50)}`;
}

run(4)
  .then(() => run(5))
  .then(() => console.log("all of it"))
  .catch((error) => {
    console.error(error);
    process.exit(1);
  });
