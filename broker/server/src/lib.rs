//! MQTT sockets: one thread per core, connections pinned, batches between cores.
//!
//! [`Server::start`] opens the listeners and one thread per core, each with a tokio runtime of its
//! own, an engine and the connections it was handed, for life. A tick of a core is: read whole
//! chunks from every socket that is ready, let the engine handle them, then flush once: the gate's
//! batch to the log, batches to other cores, and one write per connection that has output. A panic
//! in what concerns one connection ends that connection; any other in a core ends the process: there
//! is no half-alive broker.
//!
//! TLS, WebSocket and PROXY headers are dealt with in two places. Handshakes have tasks of their own
//! on the caller's runtime, timed and bounded; what comes out of them goes to a core like any plain
//! socket, with its layers. There it reads and writes through them; a plain socket has none and
//! pays for none. Log-ins whose check takes long are verified on threads of their own.

mod config;
mod consumers;
mod counters;
mod error;

mod handle;
mod inspect;
mod restore;
mod server;
mod sessions;

mod abort;
mod accept;
mod addresses;
mod exchange;
mod gate;
mod handshake;
mod loads;
mod network;
mod post;
mod tls;
mod told;
mod traces;
mod turnstile;
mod verify;
mod websocket;
mod worker;

pub mod fuzz;
pub mod stepped;

pub use accept::{Lent, REFUSED_MAX};
pub use addresses::AddressPlace;
pub use config::{Config, Handshakes, Listener, Tls, Verification};
pub use counters::{Failure, Reloads, TransportStats};
pub use error::Error;
pub use handle::{Handle, StatsSnapshot};
pub use handshake::{Pages, Programs, Refused, accept_upgrade};
pub use inspect::{
    SessionInfo, SessionQuery, SubscriptionInfo, SubscriptionQuery, TopicInfo, TopicQuery,
};
pub use loads::{Load, Measure};
pub use network::{Network, NoNetwork};
pub use server::{Deps, Server};
pub use traces::{TraceInfo, TraceWish};
pub use worker::Published;

pub use broker_ledger::Consumer;

pub use broker_engine::{
    Access, Action, Anonymous, Authenticate, Buried, Certificate, Config as EngineConfig, Coverage,
    DeadLetter, DeadLetters, Drop as DropCause, Durability, End as EndCause, Everything, Exchange,
    Guessing, Identity, InProcess, Leniency, Limit, Limits, Login, LoginFailure, OnKept,
    OrganisationLimits, OwnedLogin, Password, Peer, Pressure, Progress, Quota, Rate, Refusals,
    RefusedRows, Stall, Stats, Step, Together, ToldRow, Transport, Verdict,
};

pub use broker_ledger::Stats as SessionStats;

pub use broker_engine::{
    Address, ClientInfo, ClientOrder, ClientQuery, ClientState, CoreNo, Holder, Keeping, Key,
    Shown, Trace, TraceEvent, TracedTopics, Wish,
};
