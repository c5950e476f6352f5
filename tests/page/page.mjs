// The page in a browser, over a running hub without data: node page.mjs HTTP_ADDRESS MQTT_ADDRESS SCREENSHOTS.
// Publishes with mosquitto_pub, looks at what a person would see, exits non-zero if it is not there.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { chromium } = require("playwright-core");

const [http, mqtt, screenshots] = process.argv.slice(2);
if (screenshots === undefined) {
  console.error("usage: page.mjs HTTP_ADDRESS MQTT_ADDRESS SCREENSHOTS");
  process.exit(2);
}
mkdirSync(screenshots, { recursive: true });

const SITE = "uns/v1/acme/berlin";
const WAIT_MS = 60_000;
const MANY = 3_000;
const [mqttHost, mqttPort] = [mqtt.slice(0, mqtt.lastIndexOf(":")), mqtt.slice(mqtt.lastIndexOf(":") + 1)];

function publish(topic, payload) {
  execFileSync("mosquitto_pub", ["-h", mqttHost, "-p", mqttPort, "-q", "1", "-t", topic, "-m", payload]);
}

async function publishMany(items) {
  const response = await fetch(`http://${http}/api/v1/uns/publish`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(items),
  });
  if (!response.ok) throw new Error(`publish: ${response.status} ${await response.text()}`);
}

function holds(what, condition) {
  if (!condition) throw new Error(`does not hold: ${what}`);
}

async function eventually(what, condition) {
  const deadline = Date.now() + WAIT_MS;
  let last;
  while (Date.now() < deadline) {
    last = await condition();
    if (last === true) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`did not happen: ${what}; last seen: ${JSON.stringify(last)}`);
}

const browsers = ["chromium", "chromium-browser", "google-chrome"].map((name) => `/usr/bin/${name}`);
const browser = await chromium.launch({
  executablePath: browsers.find((path) => existsSync(path)) ?? browsers[0],
  args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"],
});
const page = await browser.newPage({
  viewport: { width: 1360, height: 860 },
  colorScheme: "light",
  reducedMotion: "reduce",
});
page.setDefaultTimeout(WAIT_MS);

const complaints = [];
page.on("pageerror", (error) => complaints.push(error.message));
page.on("console", (message) => {
  if (message.type() === "error") complaints.push(message.text());
});

/** The live connection, so that a test can cut it. */
let cut = () => undefined;
await page.routeWebSocket(/\/api\/v1\/ws$/, (client) => {
  client.connectToServer();
  cut = () => client.close({ code: 1011, reason: "cut by the test" });
});

const base = `http://${http}/`;
const named = (text) => page.getByRole("treeitem").filter({ has: page.locator(".name", { hasText: text }) });
const row = (name) => named(new RegExp(`^${name}$`));
const value = page.getByTestId("value");
const shot = (name) => page.screenshot({ path: join(screenshots, `${name}.png`) });
const shows = async (text) => (await value.textContent()) === text || (await value.textContent());
const recent = () =>
  page.getByRole("region", { name: "Recent samples" }).locator("tbody tr td:nth-child(2)").allTextContents();

/** How many pixels of the chart have the colour of its line. */
function linePixels() {
  return page.evaluate(() => {
    const canvas = document.querySelector(".chart canvas");
    // A chart is made anew for each window and after a reload.
    if (canvas === null) return 0;
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--line");
    probe.fillRect(0, 0, 1, 1);
    const [r, g, b] = probe.getImageData(0, 0, 1, 1).data;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < data.length; i += 4) {
      const near = Math.abs(data[i] - r) + Math.abs(data[i + 1] - g) + Math.abs(data[i + 2] - b) < 24;
      if (near && data[i + 3] > 200) count += 1;
    }
    return count;
  });
}

const steps = {
  async "an empty hub says what to do"() {
    const { children } = await (await fetch(`${base}api/v1/uns/tree`)).json();
    holds("the hub under test is empty", children.length === 0);
    await page.goto(base);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("No data yet").waitFor();
    holds("the command names the host", (await page.locator(".command code").first().textContent()).includes("mosquitto_pub -h 127.0.0.1 -p 1883"));
    await shot("1-empty");
  },

  async "what is published appears in the tree by itself"() {
    publish(`${SITE}/press/temperature`, "20.5");
    publish(`${SITE}/press/state`, "RUN");
    publish(`${SITE}/press/counter`, "18446744073709551615");
    publish(`${SITE}/press/pump`, '{"temp":41.5,"motor":{"rpm":1200}}');
    publish(`${SITE}/press/sensor`, '{"value":7.25,"quality":"Good"}');
    // Levels are opened from the top; the first ones may be open already.
    for (const name of ["uns", "v1", "acme", "berlin", "press"]) {
      const level = row(name).first();
      await level.waitFor();
      if ((await level.getAttribute("aria-expanded")) === "false") await level.click();
    }
    await row("temperature").locator(".value", { hasText: "20.5" }).waitFor();
  },

  async "a tag's value is live in the tree and in full"() {
    await row("temperature").click();
    await eventually("the value", () => shows("20.5"));
    holds("the topic", (await page.getByTestId("topic").textContent()) === `${SITE}/press/temperature`);
    publish(`${SITE}/press/temperature`, "23.0");
    await eventually("the exact text of the new value", () => shows("23.0"));
    await row("temperature").locator(".value", { hasText: "23.0" }).waitFor();
    await page.locator(".chip-Good").waitFor();
  },

  async "the trend grows"() {
    await page.locator(".chart canvas").waitFor();
    const before = await linePixels();
    for (let n = 0; n < 20; n += 1) {
      publish(`${SITE}/press/temperature`, String(23 + Math.sin(n) * 3));
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    await eventually("20 more samples in the table", async () => (await recent()).length === 22 || (await recent()).length);
    await eventually("more of the line", async () => (await linePixels()) > before + 40 || (await linePixels()));
    await page.locator(".chart .u-over").hover();
    await shot("2-trend");
    for (const window of ["1 h", "24 h", "7 d", "5 min"]) {
      await page.locator(".segmented label", { hasText: window }).click();
      await eventually(`a line over ${window}`, async () => (await linePixels()) > 0);
      holds("history was read", (await page.locator(".fault").count()) === 0);
    }
  },

  async "a lost connection leaves no gap"() {
    const before = (await recent()).length;
    cut();
    publish(`${SITE}/press/temperature`, "101");
    publish(`${SITE}/press/temperature`, "102");
    publish(`${SITE}/press/temperature`, "103");
    await eventually("the value published meanwhile", () => shows("103"));
    await eventually("each sample once", async () => {
      const now = await recent();
      return (now.length === before + 3 && now.slice(0, 3).join() === "103,102,101") || now;
    });
  },

  async "quality is told by shape and word"() {
    await row("sensor").click();
    await eventually("the good value", () => shows("7.25"));
    publish(`${SITE}/press/sensor`, '{"value":7.5,"quality":"Uncertain"}');
    await page.locator(".chip-Uncertain").waitFor();
    publish(`${SITE}/press/sensor`, '{"value":7.75,"quality":"Bad"}');
    await page.locator(".chip-Bad").waitFor();
    await page.getByText("Last good value 7.25").waitFor();
    await shot("3-bad");
  },

  async "states, long integers and documents"() {
    await row("state").click();
    await eventually("the state", () => shows("RUN"));
    await page.locator(".chart canvas").waitFor();
    await row("counter").click();
    await eventually("every digit", () => shows("18446744073709551615"));
    await row("pump").click();
    const fields = page.getByRole("region", { name: "Fields" });
    await fields.getByText("motor.rpm").click();
    await eventually("the field's value", () => shows("1200"));
    publish(`${SITE}/press/pump`, '{"temp":41.5,"motor":{"rpm":1201}}');
    await eventually("the field is live", () => shows("1201"));
    await shot("4-document");
  },

  async "the address brings it back"() {
    await page.reload();
    await eventually("the field after a reload", () => shows("1201"));
    await row("pump").waitFor();
  },

  async "a tag that rarely changes holds, and what is not there is said in words"() {
    const hoursAgo = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
    publish(`${SITE}/press/setpoint`, JSON.stringify({ value: 42.5, timestamp: hoursAgo(3) }));
    publish(`${SITE}/press/broken`, JSON.stringify({ value: 5, timestamp: hoursAgo(3) }));
    publish(`${SITE}/press/broken`, JSON.stringify({ value: 5, quality: "Bad", timestamp: hoursAgo(2) }));
    await page.goto(`${base}#topic=${SITE}/press/setpoint`);
    await eventually("the setpoint", () => shows("42.5"));
    await page.getByText("the last value holds").waitFor();
    await eventually("a line of what holds", async () => (await linePixels()) > 100 || (await linePixels()));
    holds("it is not stale: nobody knows its pace", (await page.locator(".chip-stale").count()) === 0);
    await page.goto(`${base}#topic=${SITE}/press/broken`);
    await page.getByText("No samples in the last 5 min.").waitFor();
    await shot("4-words");
  },

  async "a recording is charted however old it is"() {
    const start = Date.UTC(2014, 3, 1);
    const at = (n) => new Date(start + n * 1_000).toISOString();
    await publishMany(
      Array.from({ length: 200 }, (_, n) => ({
        topic: "uns/v1/lab/recording",
        payload: { value: 20 + Math.sin(n / 9), timestamp: at(n) },
      })),
    );
    await page.goto(`${base}#topic=uns/v1/lab/recording`);
    await page.getByText("the last value holds").waitFor();
    holds("it ends now at first", (await page.getByRole("button", { name: "Now" }).count()) === 0);
    await page.getByRole("button", { name: "Newest sample" }).click();
    await page.getByText("Every sample, until 2014-04-01").waitFor();
    await eventually("the curve", async () => (await linePixels()) > 400 || (await linePixels()));
    await shot("4-recording");
    await page.reload();
    await eventually("the curve after a reload", async () => (await linePixels()) > 400 || (await linePixels()));
    await page.getByRole("button", { name: "Earlier" }).click();
    await page.getByRole("button", { name: "Earlier" }).click();
    await page.getByText("No samples in this window.").waitFor();
    await page.getByRole("button", { name: "Newest sample" }).click();
    await eventually("the curve again", async () => (await linePixels()) > 400 || (await linePixels()));
    await page.getByRole("button", { name: "Now" }).click();
    await page.getByText("the last value holds").waitFor();
  },

  async "units stand once, texts say what they read as, and what was left out is said"() {
    publish("uns/v1/lab/text", "23,4 °C");
    await page.goto(`${base}#topic=uns/v1/lab/text`);
    await eventually("the text without a second unit", () => shows("23,4 °C"));
    await page.getByText("Reads as 23.4 °C").waitFor();
    publish("uns/v1/lab/one", JSON.stringify({ time: Date.now(), level: { value: 3, unit: "m" } }));
    await page.goto(`${base}#topic=uns/v1/lab/one`);
    await page.getByText("Trend of level").waitFor();
    publish("uns/v1/lab/pressure", JSON.stringify({ value: 2.4, unit: "bar" }));
    publish("uns/v1/lab/pressure", JSON.stringify({ value: 240, unit: "kPa" }));
    await page.goto(`${base}#topic=uns/v1/lab/pressure`);
    await page.getByText("Every sample, in kPa (left), bar (right)").waitFor();
    await shot("4-units");
    publish("uns/v1/lab/many", JSON.stringify(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${n}`, n]))));
    await page.goto(`${base}#topic=uns/v1/lab/many`);
    await page.getByText("and 44 more of the newest document").waitFor();
    for (let n = 0; n < 3; n += 1) publish("uns/v1/lab/burst", String(n));
    await page.goto(`${base}#topic=uns/v1/lab/burst`);
    await eventually("the newest of three", () => shows("2"));
    holds("three in a row are no pace", (await page.locator(".facts").textContent()).endsWith("Usual interval–"));
    publish("uns/v1/lab/gone", '{"a":1,"temperatureOfBearing":{"value":21.5,"quality":"Uncertain"}}');
    publish("uns/v1/lab/gone", '{"a":2}');
    await page.goto(`${base}#topic=uns/v1/lab/gone`);
    const table = page.getByRole("region", { name: "Fields" }).locator(".table-box");
    await table.getByText("not in the newest").first().waitFor();
    holds("its quality as well", (await table.textContent()).includes("Uncertain"));
    const cut = await table.evaluate((box) => box.scrollWidth - box.clientWidth);
    holds(`nothing of the fields is cut: ${cut} px`, cut <= 0);
    await shot("4-fields");
  },

  async "the window is in the address, and what scrolls takes the focus"() {
    await page.goto(`${base}#topic=${SITE}/press/temperature`);
    await page.locator(".segmented label", { hasText: "24 h" }).click();
    await eventually("the window in the address", async () => page.url().includes("&window=24h") || page.url());
    await page.reload();
    await page.locator(".segmented label.chosen", { hasText: "24 h" }).waitFor();
    await page.locator(".segmented label", { hasText: "5 min" }).click();
    await page.locator(".table-box[tabindex='0']").first().focus();
  },

  async "a pane that failed heals by itself"() {
    await page.route(/\/history\?/, (route) => route.abort());
    await page.goto(`${base}#topic=${SITE}/press/setpoint`);
    await page.locator(".trend").getByText("Trying again…").waitFor();
    await page.unroute(/\/history\?/);
    await eventually("history again", async () => (await page.locator(".trend .fault").count()) === 0);
    await eventually("the samples again", async () => (await recent()).length === 1 || (await recent()).length);
    // The browser tells of requests the test itself broke.
    const broken = (text) => text.includes("Failed to load resource");
    complaints.splice(0, complaints.length, ...complaints.filter((text) => !broken(text)));
  },

  async "search finds topics and fields"() {
    await page.keyboard.press("/");
    await page.getByLabel("Search topics").fill("BERLIN temp");
    await page.locator(".hit", { hasText: `${SITE}/press/temperature` }).click();
    await eventually("the found tag", () => shows("103"));
    await shot("5-search");
    await page.getByLabel("Search topics").fill("pump RPM");
    await page.locator(".hit", { hasText: "motor.rpm" }).click();
    await eventually("the found field", () => shows("1201"));
    await page.getByLabel("Search topics").fill("BERLIN press temperature");
    await page.keyboard.press("Enter");
    await eventually("the first hit", () => shows("103"));
    await page.getByLabel("Search topics").fill("");
  },

  async "arrow keys walk the tree"() {
    const tree = page.getByRole("tree");
    await tree.focus();
    await page.keyboard.press("Home");
    await page.keyboard.press("ArrowDown");
    const active = await tree.getAttribute("aria-activedescendant");
    holds("the second row is active", (await page.locator(`[id="${active}"] .name`).textContent()) === "v1");
  },

  async "a long level is paged through"() {
    const items = Array.from({ length: MANY }, (_, index) => ({
      topic: `${SITE}/archive/tag-${String(index).padStart(5, "0")}`,
      payload: index,
    }));
    await publishMany(items);
    const level = row("archive");
    await level.locator(".count", { hasText: MANY.toLocaleString("en") }).waitFor();
    await level.click();
    await row("tag-00000").waitFor();
    const last = row(`tag-${String(MANY - 1).padStart(5, "0")}`);
    await page.getByRole("tree").focus();
    await eventually("the end of the level", async () => {
      await page.keyboard.press("End");
      return (await last.count()) > 0 || (await named("tag-").last().textContent());
    });
    holds("few rows are drawn", (await page.getByRole("treeitem").count()) < 120);
    await page.getByRole("tree").evaluate((tree) => (tree.scrollTop = 0));
    await row("archive").click();
  },

  async "levels without a name are walked and opened"() {
    publish("/l/x", "7");
    publish("//deep", "9");
    const level = named(/^\(empty\)$/).first();
    await level.waitFor();
    if ((await level.getAttribute("aria-expanded")) === "false") await level.click();
    await row("l").first().click();
    await row("x").first().click();
    await eventually("the value below a level without a name", () => shows("7"));
    holds("the topic", (await page.getByTestId("topic").textContent()) === "/l/x");
    await page.goto(`${base}#topic=//deep`);
    await eventually("the value from its address", () => shows("9"));
    await row("deep").waitFor();
  },

  async "it is dark when asked to"() {
    await page.getByRole("button", { name: "Use dark colours" }).click();
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [red] = ground.match(/\d+/g).map(Number);
    holds(`the ground is dark: ${ground}`, red < 60);
    await page.waitForTimeout(500);
    await shot("6-dark");
    await page.setViewportSize({ width: 390, height: 860 });
    await page.goto(`${base}#topic=${SITE}/press/temperature`);
    await eventually("the value on a narrow screen", () => shows("103"));
    const samples = page.getByRole("region", { name: "Recent samples" }).locator(".table-box");
    await samples.waitFor();
    const cut = await samples.evaluate((box) => box.scrollWidth - box.clientWidth);
    holds(`nothing of the samples is cut: ${cut} px`, cut <= 0);
    await page.waitForTimeout(500);
    await shot("7-narrow");
  },

  async "the browser had nothing to complain about"() {
    holds(complaints.join("; "), complaints.length === 0);
  },
};

let failed = false;
for (const [name, step] of Object.entries(steps)) {
  const started = Date.now();
  try {
    await step();
    console.log(`ok ${name} (${Date.now() - started} ms)`);
  } catch (error) {
    failed = true;
    console.error(`FAILED ${name}: ${error.message}`);
    await shot("failed").catch(() => undefined);
    break;
  }
}
if (failed && complaints.length > 0) console.error(`the browser said: ${complaints.join("; ")}`);
await browser.close();
process.exit(failed ? 1 : 0);
