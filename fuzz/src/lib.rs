//! Fuzz entries of every parser, with a smoke run on stable.
//!
//! A parser has a `pub fn fuzz(data: &[u8])` beside it and a line in [`ALL`]. Named inputs lie in
//! `corpus/<target>/*.bin`; an input that once failed stays there under a name that says why.
//! [`smoke`] runs them and seeded mutations of them, so a failure is repeated by its seed.

mod mutate;
mod run;

pub use mutate::mutate;
pub use run::{Failure, Origin, corpus, smoke};

/// A parser to throw bytes at.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its folder in the corpus.
    pub name: &'static str,
    /// Panics on a fault, and only then.
    pub run: fn(&[u8]),
}

/// Every target, by name.
pub const ALL: &[Target] = &[
    Target { name: "access", run: broker_access::fuzz },
    Target { name: "certificate", run: broker_server::fuzz::certificate },
    Target { name: "mqtt", run: broker_codec::fuzz },
    Target { name: "payload", run: schemas::payload::fuzz },
    Target { name: "proxy_header", run: broker_server::fuzz::proxy_header },
    Target { name: "records", run: fabric::fuzz },
    Target { name: "sessions_checkpoint", run: broker_ledger::fuzz },
    Target { name: "upgrade", run: broker_server::fuzz::upgrade },
    Target { name: "websocket", run: broker_server::fuzz::websocket },
];
