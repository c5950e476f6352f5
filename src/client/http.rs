//! `uns get` and `uns history`: the HTTP API, printed for people; and calling it.

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use super::account::{REMEDY, WRONG_ACCOUNT};
use super::reach;
use super::site::{HttpArgs, Site};

/// `uns get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Topic or filter; `*` or `+` is one level, `**` or `#` all below.
    #[arg(default_value = "**")]
    filter: String,
    #[command(flatten)]
    hub: HttpArgs,
}

/// `uns history`
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Topic.
    topic: String,
    /// A field of JSON values, such as `motor.temp`.
    #[arg(long)]
    field: Option<String>,
    /// First time: RFC 3339, epoch, or a distance such as -1h.
    #[arg(long, default_value = "-1h", allow_hyphen_values = true)]
    start: String,
    /// End time, not included.
    #[arg(long, allow_hyphen_values = true)]
    end: Option<String>,
    /// avg, min, max, sum, count, first or last per bucket.
    #[arg(long, requires = "bucket")]
    aggregate: Option<String>,
    /// Bucket width, such as 1m.
    #[arg(long)]
    bucket: Option<String>,
    #[command(flatten)]
    hub: HttpArgs,
}

/// Prints current values, one line each.
pub(crate) fn get(args: &GetArgs) -> Result<()> {
    let mut query = vec![("filter", args.filter.clone())];
    let mut found = 0_usize;
    pages(&args.hub.site()?, "uns/current", &mut query, |page| {
        let mut out = String::new();
        for value in list(page, "values") {
            found += 1;
            let field = value["field"].as_str().map(|f| format!(" .{f}")).unwrap_or_default();
            let superseded = if value["superseded"] == true { "  superseded" } else { "" };
            out += &format!(
                "{}{field}  {}  {}  {}{superseded}\n",
                text(&value["topic"]),
                with_unit(value),
                text(&value["quality"]),
                text(&value["timestamp"]),
            );
        }
        super::print(&out)
    })?;
    if found == 0 {
        eprintln!("uns: nothing has a value that matches `{}`", args.filter);
    }
    Ok(())
}

/// A value with its unit; of bytes how many they are and what they look like.
fn with_unit(value: &Value) -> String {
    if value["type"] == "bytes" {
        let looks = value["looksLike"].as_str().map(|looks| format!(", {looks}"));
        return format!("({} bytes{})", text(&value["size"]), looks.unwrap_or_default());
    }
    match value["unit"].as_str() {
        Some(unit) => format!("{} {unit}", text(&value["value"])),
        None => text(&value["value"]),
    }
}

/// Prints the history of one topic, one line a sample.
pub(crate) fn history(args: &HistoryArgs) -> Result<()> {
    let mut query = vec![("topic", args.topic.clone()), ("start", args.start.clone())];
    let optional = [
        ("field", &args.field),
        ("end", &args.end),
        ("aggregate", &args.aggregate),
        ("bucket", &args.bucket),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            query.push((key, value.clone()));
        }
    }
    let mut found = 0_usize;
    pages(&args.hub.site()?, "uns/history", &mut query, |page| {
        let mut out = String::new();
        for sample in list(page, "samples") {
            found += 1;
            out += &format!(
                "{}  {}  {}\n",
                text(&sample["timestamp"]),
                text(&sample["value"]),
                text(&sample["quality"])
            );
        }
        super::print(&out)
    })?;
    if found == 0 {
        let end = args.end.as_deref().unwrap_or("now");
        eprintln!("uns: {} has no sample from {} to {end}", args.topic, args.start);
    }
    Ok(())
}

/// Walks every page of a list.
pub(super) fn pages(
    site: &Site,
    path: &str,
    query: &mut Vec<(&'static str, String)>,
    mut show: impl FnMut(&Value) -> Result<()>,
) -> Result<()> {
    loop {
        let page = call(site, ("GET", path), query, None)?;
        show(&page)?;
        let Some(next) = page["next"].as_str() else { return Ok(()) };
        query.retain(|(key, _)| *key != "after");
        query.push(("after", next.to_owned()));
    }
}

/// One request below `/api/v1/`; an empty answer is null.
pub(super) fn call(
    site: &Site,
    (method, path): (&str, &str),
    query: &[(&'static str, String)],
    body: Option<&Value>,
) -> Result<Value> {
    let Site { base, agent, basic } = site;
    let url = format!("{base}/api/v1/{path}");
    let pairs = query.iter().map(|(k, v)| (*k, v.as_str()));
    let sent = match (method, body) {
        ("DELETE", _) => as_account(agent.delete(&url), basic.as_deref()).query_pairs(pairs).call(),
        (_, None) => as_account(agent.get(&url), basic.as_deref()).query_pairs(pairs).call(),
        (_, Some(body)) => {
            let request =
                as_account(agent.post(&url), basic.as_deref()).content_type("application/json");
            request.send(body.to_string())
        }
    };
    let mut response = sent.map_err(|error| {
        let said = reach::explain(&error, base);
        anyhow::Error::new(error).context(said)
    })?;
    let status = response.status();
    let text = response.body_mut().read_to_string().context("the answer broke off")?;
    if status.is_success() && text.is_empty() {
        return Ok(Value::Null);
    }
    let body: Value = serde_json::from_str(&text)
        .with_context(|| format!("{url} answered {status} with no JSON; is this a hub?"))?;
    if status == 401 {
        let shown = basic.is_some();
        bail!(
            "{base} {}",
            if shown {
                format!("does not know this name with this password; {WRONG_ACCOUNT}")
            } else {
                format!("asks for a log-in; {REMEDY}")
            }
        );
    }
    if !status.is_success() {
        bail!("{}", body["detail"].as_str().unwrap_or("the hub refused without a reason"));
    }
    Ok(body)
}

/// A request of an account, if there is one.
fn as_account<B>(request: ureq::RequestBuilder<B>, basic: Option<&str>) -> ureq::RequestBuilder<B> {
    match basic {
        Some(basic) => request.header("Authorization", basic),
        None => request,
    }
}

pub(super) fn list<'a>(page: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    page[key].as_array().into_iter().flatten()
}

/// Strings bare, everything else as JSON. Control characters are shown, not obeyed: values come
/// from strangers and this goes to a terminal.
pub(super) fn text(value: &Value) -> String {
    let plain = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_shown_with_its_unit_and_bytes_by_their_size() {
        for (value, shown) in [
            (serde_json::json!({ "value": 118, "unit": "1/min" }), "118 1/min"),
            (serde_json::json!({ "value": 118 }), "118"),
            (
                serde_json::json!({ "value": "/9j/", "type": "bytes", "size": 3, "looksLike": "jpeg" }),
                "(3 bytes, jpeg)",
            ),
        ] {
            assert_eq!(with_unit(&value), shown);
        }
    }
}
