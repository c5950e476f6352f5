// What stands where there is nothing to show yet.

import { CopyButton } from "../ui/copy-button";

function Command({ text, label }: { text: string; label: string }) {
  return (
    <div className="command">
      <code>{text}</code>
      <CopyButton text={text} label={label} />
    </div>
  );
}

/** For a hub without a single tag. */
export function Welcome() {
  const host = location.hostname === "" ? "127.0.0.1" : location.hostname;
  const publish = `mosquitto_pub -h ${host} -p 1883 -t 'uns/v1/acme/dallas/press/temperature' -m 23.4`;
  return (
    <section className="welcome">
      <h1>No data yet</h1>
      <p>The hub is running. Publish anything over MQTT and it appears here at once:</p>
      <Command text={publish} label="the command that publishes a value" />
      <p>Or switch on a small demonstration plant, on the machine the hub runs on:</p>
      <Command text="uns demo" label="the command of the demonstration" />
      <p className="faint">
        1883 is the usual MQTT port. If the hub was started on another one, it said so when it
        started.
      </p>
    </section>
  );
}

/** For a reader who has not chosen a tag. */
export function Choose() {
  return (
    <section className="welcome">
      <h1>Choose a tag</h1>
      <p>Pick one in the tree to see its value, quality, trend and samples, all live.</p>
      <dl className="keys">
        <div>
          <dt>
            <kbd>/</kbd>
          </dt>
          <dd>search topics and fields</dd>
        </div>
        <div>
          <dt>
            <kbd>↑</kbd> <kbd>↓</kbd>
          </dt>
          <dd>walk the tree</dd>
        </div>
        <div>
          <dt>
            <kbd>→</kbd> <kbd>←</kbd>
          </dt>
          <dd>open and close a level</dd>
        </div>
        <div>
          <dt>
            <kbd>Enter</kbd>
          </dt>
          <dd>show the tag</dd>
        </div>
      </dl>
    </section>
  );
}
