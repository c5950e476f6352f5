//! MQTT sockets: one thread per core, connections pinned, batches between cores.
//!
//! [`Server::start`] opens the listeners and starts one thread per core. Each has a tokio runtime of
//! its own, an engine, and the connections it was handed, for life. In one tick a core reads whole
//! chunks from every socket that is ready and lets the engine handle them. Then it flushes once: the
//! gate's batch goes to the log, batches go to other cores, and each connection with output gets one
//! write. A panic in what concerns one connection ends that connection. Any other panic in a core
//! ends the process, since clients cannot reconnect to a broker that is half dead.
//!
//! TLS, WebSocket and PROXY headers are dealt with in two places. Handshakes have tasks of their own
//! on the caller's runtime, timed and bounded. A connection whose handshake is done goes to a core
//! like a plain socket, together with its layers, through which the core reads and writes it. A
//! plain socket has no layers and pays nothing for them. Log-ins that take long are verified on
//! threads of their own.

mod config;
mod error;

mod handle;
mod server;
mod stats;

mod accept;
mod accept_rate;
mod addresses;
mod counters;
mod dispatch;
mod handshake;
mod incoming;
mod layers;
mod network;
mod tls;
mod websocket;

mod abort;
mod core_gauges;
mod cores;
mod exchange;
mod gate;
mod in_process;
mod inboxes;
mod load_averages;
mod operator_request;
mod restore;
mod sessions;
mod traces;
mod verify;
mod worker;

pub mod fuzz;
pub mod stepped;

pub use addresses::AddressSlot;
pub use config::{Config, Handshakes, Listener, Tls, Verification};
pub use counters::{Failure, Reloads, TransportStats};
pub use dispatch::{ConnectionLoan, REFUSED_MAX};
pub use error::Error;
pub use handle::{Handle, SessionInfo, SubscriptionInfo, SubscriptionQuery, TopicInfo, TopicQuery};
pub use handshake::{NoBrowsers, OriginCheck, Refusal, accept_upgrade};
pub use in_process::Published;
pub use load_averages::{Load, Measure};
pub use network::{Network, NoNetwork};
pub use server::{Deps, Server};
pub use stats::StatsSnapshot;
pub use traces::{TraceInfo, TraceWish};

pub use broker_ledger::Consumer;

pub use broker_engine::{
    Access, Action, Anonymous, Authenticate, Certificate, Config as EngineConfig, Coverage,
    DeadLetter, DeadLetters, Drop as DropCause, Durability, End as EndCause, Everything, Exchange,
    Guessing, Identity, InProcess, Leniency, Limit, Limits, Login, LoginFailure, OnStored,
    OrganisationLimits, OwnedLogin, Password, Peer, Pressure, Progress, Quota, Rate, Refusals,
    RefusedRows, Stall, Stats, Step, StoredDeadLetter, Together, ToldRow, Transport, Verdict,
};

pub use broker_ledger::Stats as SessionStats;

pub use broker_engine::{
    Address, ClientInfo, ClientQuery, ClientState, CoreNo, Holder, Keeping, Key, Shown, Trace,
    TraceEvent, TracedTopics, Wish,
};
