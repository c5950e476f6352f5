//! `uns broker`: the operators' view of the broker, printed for people.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::http::{call, list, pages, text};
use super::site::{HttpArgs, Site};

/// `uns broker`
#[derive(Debug, Args)]
pub(crate) struct BrokerArgs {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    hub: HttpArgs,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List connected clients, then sessions whose client is away with what each is owed.
    Clients {
        /// Part of the client id.
        client_id: Option<String>,
        /// clientId, or the most first: dropped, queued, messagesIn, messagesOut. Sessions whose
        /// client is away come by client id.
        #[arg(long, default_value = "clientId")]
        sort: String,
    },
    /// Disconnect a client; it may come back.
    Kick {
        /// Its client id.
        client_id: String,
    },
    /// End the session of a client, connected or away: its subscriptions go, and what it is owed.
    Forget {
        /// Its client id.
        client_id: String,
    },
    /// Print the broker's figures as JSON.
    Stats,
    /// Print the packets of one client, or the publishes on some topics, as they pass.
    Trace(TraceArgs),
}

#[derive(Debug, Args)]
struct TraceArgs {
    /// Packets from and to this client.
    #[arg(long, required_unless_present = "topic")]
    client_id: Option<String>,
    /// Publishes on topics of this filter; `+` is one level, `#` all below.
    #[arg(long, value_parser = super::filter)]
    topic: Option<String>,
    /// How long, in seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=600))]
    seconds: u32,
}

/// Runs the chosen command.
pub(crate) fn broker(args: &BrokerArgs) -> Result<()> {
    let site = &args.hub.site()?;
    match &args.command {
        Command::Clients { client_id, sort } => clients(site, client_id.as_deref(), sort),
        Command::Kick { client_id } => {
            let path = format!("broker/clients/{}", escaped(client_id));
            call(site, ("DELETE", &path), &[], None).map(drop)
        }
        Command::Forget { client_id } => {
            let path = format!("broker/sessions/{}", escaped(client_id));
            call(site, ("DELETE", &path), &[], None).map(drop)
        }
        Command::Stats => {
            let stats = call(site, ("GET", "broker/stats"), &[], None)?;
            super::print(&format!("{stats:#}\n"))
        }
        Command::Trace(args) => trace(site, args),
    }
}

fn clients(site: &Site, client_id: Option<&str>, sort: &str) -> Result<()> {
    let mut query = vec![("sort", sort.to_owned()), ("limit", "1000".to_owned())];
    query.extend(client_id.map(|id| ("clientId", id.to_owned())));
    pages(site, "broker/clients", &mut query, |page| {
        let mut out = String::new();
        for client in list(page, "clients") {
            let dropped: u64 = client["dropped"]
                .as_object()
                .map_or(0, |causes| causes.values().filter_map(Value::as_u64).sum());
            out += &format!(
                "{}  {}  {} {}  in {}  out {}  queued {}  dropped {dropped}  {}{}\n",
                text(&client["clientId"]),
                text(&client["identity"]),
                text(&client["transport"]),
                text(&client["address"]),
                text(&client["messagesIn"]),
                text(&client["messagesOut"]),
                text(&client["queuedMessages"]),
                text(&client["pace"]),
                remarks(client),
            );
        }
        super::print(&out)
    })?;
    let mut query = vec![("connected", "false".to_owned()), ("limit", "1000".to_owned())];
    query.extend(client_id.map(|id| ("clientId", id.to_owned())));
    pages(site, "broker/sessions", &mut query, |page| {
        super::print(&list(page, "sessions").map(away).collect::<String>())
    })
}

/// What is remarkable of a client, where something is.
fn remarks(client: &Value) -> String {
    let mut remarks = String::new();
    for (key, name) in [("rejected", "refused"), ("forgiven", "forgiven")] {
        if client[key].as_u64().is_some_and(|count| count > 0) {
            remarks += &format!("  {name} {}", client[key]);
        }
    }
    if client["paused"] == true {
        remarks += "  paused";
    }
    let clock = &client["clock"];
    match (clock["fault"].as_str(), clock["offsetSeconds"].as_f64()) {
        (None, _) => {}
        (Some(fault), None) => remarks += &format!("  clock {fault}"),
        (Some(fault), Some(offset)) => remarks += &format!("  clock {fault} ({offset:.0} s)"),
    }
    remarks
}

/// A session whose client is away.
fn away(session: &Value) -> String {
    let ends = match session["expiresInSeconds"].as_u64() {
        Some(seconds) => format!("ends in {}", crate::config::span_in_words(seconds)),
        None => "never ends".to_owned(),
    };
    format!(
        "{}  away  owed {} ({} bytes)  subscriptions {}  dropped {}  {ends}\n",
        text(&session["clientId"]),
        text(&session["queuedMessages"]),
        text(&session["queuedBytes"]),
        text(&session["subscriptions"]),
        text(&session["dropped"]),
    )
}

/// Prints events until the trace is over. One that is interrupted ends by itself.
fn trace(site: &Site, args: &TraceArgs) -> Result<()> {
    const PAUSE: Duration = Duration::from_millis(200);
    let mut asked = json!({ "durationSeconds": args.seconds, "limit": 10_000 });
    if let Some(client_id) = &args.client_id {
        asked["clientId"] = json!(client_id);
    }
    if let Some(topic) = &args.topic {
        asked["topicFilter"] = json!(topic);
    }
    let started = call(site, ("POST", "broker/traces"), &[], Some(&asked))?;
    let path = format!("broker/traces/{}", text(&started["id"]));
    let mut seen = 0_usize;
    loop {
        let query = [("after", seen.to_string()), ("limit", "1000".to_owned())];
        let page = call(site, ("GET", &path), &query, None)?;
        let mut out = String::new();
        for event in list(&page, "events") {
            seen += 1;
            out += &line(event);
        }
        super::print(&out)?;
        if page["running"] == false && page["next"].is_null() {
            let dropped = page["dropped"].as_u64().unwrap_or(0);
            if dropped > 0 {
                eprintln!("uns: {dropped} more packets passed than a trace keeps");
            }
            return call(site, ("DELETE", &path), &[], None).map(drop);
        }
        if page["next"].is_null() {
            thread::sleep(PAUSE);
        }
    }
}

fn line(event: &Value) -> String {
    let way = if event["direction"] == "in" { "<" } else { ">" };
    let mut line = format!(
        "{}  {} {way} {}",
        text(&event["time"]),
        text(&event["clientId"]),
        text(&event["packet"])
    );
    for (name, key) in [("", "topic"), ("id ", "packetId"), ("qos ", "qos"), ("", "reason")] {
        if !event[key].is_null() {
            line += &format!("  {name}{}", text(&event[key]));
        }
    }
    for flag in ["retain", "dup"] {
        if event[flag] == true {
            line += &format!("  {flag}");
        }
    }
    line + &format!("  {} bytes\n", text(&event["bytes"]))
}

/// A client id as one segment of a path.
fn escaped(client_id: &str) -> String {
    let mut out = String::new();
    for byte in client_id.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            other => out += &format!("%{other:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_id_is_one_segment_and_an_event_one_line() {
        assert_eq!(escaped("press/7 ä"), "press%2F7%20%C3%A4");
        let event = json!({"time": "t", "direction": "in", "clientId": "c", "packet": "PUBLISH",
            "topic": "a\nb", "qos": 0, "bytes": 9});
        assert_eq!(line(&event), "t  c < PUBLISH  a\\nb  qos 0  9 bytes\n");
    }

    #[test]
    fn a_client_with_something_remarkable_has_it_in_its_line() {
        assert_eq!(remarks(&json!({"rejected": 0, "paused": false})), "");
        let client = json!({"rejected": 2, "forgiven": 1, "paused": true,
            "clock": {"fault": "ahead", "offsetSeconds": 7_200.4}});
        assert_eq!(remarks(&client), "  refused 2  forgiven 1  paused  clock ahead (7200 s)");
        let event = json!({"time": "t", "direction": "out", "clientId": "c", "packet": "PUBLISH",
            "retain": true, "dup": true, "bytes": 9});
        assert_eq!(line(&event), "t  c > PUBLISH  retain  dup  9 bytes\n");
    }

    #[test]
    fn a_session_whose_client_is_away_is_one_line() {
        let mut session = json!({"clientId": "shift\nlog", "queuedMessages": 3, "queuedBytes": 96,
            "subscriptions": 1, "dropped": 0, "expiresInSeconds": 86_000});
        let line = away(&session);
        assert_eq!(
            line,
            "shift\\nlog  away  owed 3 (96 bytes)  subscriptions 1  dropped 0  ends in 23 h\n"
        );
        session["expiresInSeconds"] = Value::Null;
        assert!(away(&session).ends_with("never ends\n"));
    }
}
