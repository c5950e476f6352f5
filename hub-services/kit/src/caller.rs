//! Whom a request acts for, and what they may see and change.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use uns_model::Coverage;

use crate::Refusal;

/// What somebody may do, decided where MQTT's decisions are made. It follows changes of the rules
/// for as long as it lives.
pub trait Rights: Send + Sync + fmt::Debug {
    /// Whether they may publish to this topic.
    fn may_publish(&self, topic: &str) -> bool;

    /// Whether they may read this topic.
    fn may_read(&self, topic: &str) -> bool;

    /// How much they may read of what a filter matches.
    fn reads(&self, filter: &str) -> Coverage;

    /// Whether an administrator may look at it, in lists and records of the broker that are no
    /// topics to read: whether nothing denies it to everybody. Topics of dead letters count as what
    /// they are about.
    fn may_inspect(&self, topic: &str) -> bool {
        self.may_read(topic)
    }

    /// Whether they may change what belongs to nobody alone.
    fn is_admin(&self) -> bool;

    /// Whether what they logged in with is no longer good: what they have open is to end.
    fn has_ended(&self) -> bool;

    /// Changes whenever an answer may have changed, so that answers can be kept until then.
    fn version(&self) -> u64;
}

/// Somebody who was let in. Handlers take it as an argument; the guard puts it there.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Their name, for logs and for people; empty for somebody without a credential.
    pub name: Arc<str>,
    /// What they may do.
    pub rights: Arc<dyn Rights>,
}

impl Caller {
    /// Somebody who may do everything, as everybody on this machine may while no log-in is needed.
    pub fn unrestricted() -> Self {
        Self { name: "".into(), rights: Arc::new(Unrestricted) }
    }

    /// Refuses whoever may not read a topic.
    pub fn check_read(&self, topic: &str) -> Result<(), Refusal> {
        if self.rights.may_read(topic) {
            return Ok(());
        }
        Err(not_allowed(format!("No rule lets {} read `{topic}`.", self.who())))
    }

    /// Refuses whoever may not see figures of the whole hub: those of `$SYS/#`.
    pub fn check_figures(&self) -> Result<(), Refusal> {
        if self.may_see_figures() {
            return Ok(());
        }
        let detail = format!("No rule lets {} read `$SYS/#`, the hub's own figures.", self.who());
        Err(not_allowed(detail))
    }

    /// Whether they may see figures of the whole hub.
    pub fn may_see_figures(&self) -> bool {
        self.rights.is_admin() || self.rights.reads("$SYS/#") == Coverage::All
    }

    /// Whether they may read anything at all, so that a place in the log is of use to them.
    pub fn may_read_something(&self) -> bool {
        self.rights.reads("#") != Coverage::None
    }

    /// Refuses whoever is no admin.
    pub fn check_admin(&self) -> Result<(), Refusal> {
        if self.rights.is_admin() {
            return Ok(());
        }
        Err(not_allowed(format!("This needs the role admin, which {} has not.", self.who())))
    }

    fn who(&self) -> String {
        if self.name.is_empty() {
            return "a client without a log-in".into();
        }
        format!("`{}`", self.name.chars().take(100).collect::<String>())
    }
}

fn not_allowed(detail: String) -> Refusal {
    Refusal::new(403, "not_allowed", detail)
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let missing = || Refusal::new(401, "login_required", "This needs a log-in.");
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// Everything is allowed, for ever.
#[derive(Debug)]
struct Unrestricted;

impl Rights for Unrestricted {
    fn may_publish(&self, _: &str) -> bool {
        true
    }

    fn may_read(&self, _: &str) -> bool {
        true
    }

    fn reads(&self, _: &str) -> Coverage {
        Coverage::All
    }

    fn is_admin(&self) -> bool {
        true
    }

    fn has_ended(&self) -> bool {
        false
    }

    fn version(&self) -> u64 {
        0
    }
}
