//! Calling the HTTP API, and its answers as text for people.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::account::{REMEDY, WRONG_ACCOUNT};
use super::reach;
use super::site::Site;

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
