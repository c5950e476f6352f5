//! Anonymous access: from loopback only, and over for good once a proxy shows itself.

use std::net::IpAddr;

use axum::http::HeaderMap;
use parking_lot::Mutex;

use crate::Refusal;

/// Headers a forwarding proxy adds: whoever is behind one is not on this machine.
const FORWARDING: [&str; 8] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-real-ip",
    "via",
    "cf-connecting-ip",
];

/// Whether clients without a credential are served. One per process: what ends it on one interface
/// ends it on all.
#[derive(Debug, Default)]
pub struct Anonymous {
    ended: Mutex<Option<String>>,
    never: bool,
}

impl Anonymous {
    /// Served, from loopback.
    pub fn allowed() -> Self {
        Self::default()
    }

    /// Never served, because of this.
    pub fn refused(because: impl Into<String>) -> Self {
        Self { ended: Mutex::new(Some(because.into())), never: false }
    }

    /// Never served: this hub asks everybody for a log-in.
    pub fn never() -> Self {
        Self { ended: Mutex::default(), never: true }
    }

    /// Ends it until the process starts again; the first reason stays.
    pub fn end(&self, because: impl Into<String>) {
        let mut ended = self.ended.lock();
        if ended.is_none() {
            let because = because.into();
            tracing::warn!(because, "anonymous access has ended");
            *ended = Some(because);
        }
    }

    /// Whether somebody without a credential is served at all.
    pub fn is_served(&self) -> bool {
        !self.never && self.ended.lock().is_none()
    }

    /// Why it ended, if it did.
    pub fn ended(&self) -> Option<String> {
        self.ended.lock().clone()
    }

    /// Whether this request may act without a credential.
    pub(crate) fn admit(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<(), Refusal> {
        if let Some(name) = FORWARDING.iter().find(|name| headers.contains_key(**name)) {
            self.end(format!("a request carried the forwarding header `{name}`"));
        }
        if self.never {
            let detail = "Log in with a name and a password, or with a token. `uns user add` and \
                 `uns device add` make them.";
            return Err(Refusal::new(403, "login_required", detail));
        }
        if let Some(because) = self.ended() {
            let detail = format!(
                "Anonymous access has ended: {because}. Log in, or reach the hub directly over \
                 loopback; where a proxy was tried by mistake, remove it and restart the hub."
            );
            return Err(Refusal::new(403, "anonymous_ended", detail));
        }
        match peer {
            Some(peer) if !peer.to_canonical().is_loopback() => Err(Refusal::new(
                403,
                "anonymous_not_local",
                "Anonymous access is for clients on this machine, over 127.0.0.1 or [::1].",
            )),
            _ => Ok(()),
        }
    }
}
