// One mqtt.js client with a session, driven by session_libraries.py: prints what it got and what
// was acknowledged to it, one line each, over reconnects.
//
// usage: session_client.cjs ADDRESS VERSION QOS publish|subscribe TOPIC COUNT
"use strict";

const mqtt = require("mqtt");

const [address, version, qos, role, topic, count] = process.argv.slice(2);
const options = { qos: Number(qos) };
const client = mqtt.connect(`mqtt://${address}`, {
  clientId: `js-${role}-${version}-${qos}`,
  protocolVersion: Number(version),
  clean: false,
  properties: version === "5" ? { sessionExpiryInterval: 3600 } : undefined,
  reconnectPeriod: 50,
  resubscribe: false,
});
const say = (line) => process.stdout.write(`${line}\n`);

client.on("error", () => {});
client.once("connect", () => {
  if (role === "publish") return publish(0);
  client.subscribe(topic, options, (error, granted) => {
    if (error || granted[0].qos !== options.qos) throw error ?? new Error("another QoS");
    say("ready");
  });
});
client.on("connect", (connack) => say(`present ${connack.sessionPresent}`));
client.on("message", (_topic, message) => say(`got ${message}`));

function publish(n) {
  if (n === Number(count)) return;
  offer(n);
  setTimeout(() => publish(n + 1), 5);
}

function offer(n) {
  // What it is given while offline mqtt.js gives up at the next failed attempt; what was under way
  // before it sends again.
  if (!client.connected) return setTimeout(() => offer(n), 5);
  client.publish(topic, `${n}`, options, (error) => {
    // What it is given while it still sends again what was under way, it has not sent; it gives that up
    // where the connection ends before it has. Had it been sent, it would come twice.
    if (error?.message === "Connection closed") return setTimeout(() => offer(n), 5);
    // A PUBREL that is sent again may be known no more: that is no error (0x92, 4.3.3).
    say(error && error.code !== 0x92 ? `lost ${n} ${error}` : `done ${n}`);
  });
}
