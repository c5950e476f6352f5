//! MQTT sessions, subscriptions, retained messages and QoS; handles events into effects.
//!
//! An [`Engine`] is one core: its methods are the events (a socket opened, bytes received or
//! written, a commit, a batch or a word from another core, time passing), and [`Effects`] and the
//! outputs of its connections are what the embedder has to do about them. It has no socket, no
//! thread and no clock, so a test plays any history. What all cores see is in [`Broker`]: the
//! subscription tree, retained messages and client ids. Publishes pass a [`Gate`], which the
//! server makes from the namespace.

mod absent;
mod access;
mod access_guard;
mod broker;
mod config;
mod effects;
mod gate;
mod guesses;
mod in_process;
mod key;
mod limits;
mod login;
mod message;
mod now;
mod peer;
mod pressure;
mod shown;
mod signal;
mod stats;
mod tried;

mod engine;

mod commits;
mod outbound;
mod owed_live;
mod routing;
mod sessions;

mod dead_letter;
mod failed;
mod forgive;
mod inspect;
mod notices;
mod oversize;
mod panic_scope;
mod shortfall;
mod trace;

pub use absent::Absent;
pub use access::{Access, Action, Coverage, Everything};
pub use broker::Broker;
pub use config::{Config, Durability, Refusals, Stall};
pub use dead_letter::{
    DeadLetter, DeadLetterNo, DeadLetters, OnStored, StoredDeadLetter, subjects,
};
pub use effects::{Attached, Effects, Reply};
pub use engine::Engine;
pub use engine::step::Received;
pub use failed::{FailedLogin, FailedLogins, RefusedLogin};
pub use forgive::Forgiven;
pub use gate::{
    Gate, Member, NoNode, OpenGate, OwedTo, Placed, PublishOutcome, PublishRequest, RefusedRows,
    Rights, Taken, Ticket, ToldRow,
};
pub use guesses::Guessing;
pub use in_process::{InProcess, Offer, Progress, Together};
pub use inspect::{
    ClientInfo, ClientQuery, ClientScan, ClientState, Keeping, TopicName, TopicScan,
};
pub use key::{Address, CoreNo, Key, Slots};
pub use limits::{Limits, OrganisationLimits, Rate};
pub use login::{
    Anonymous, Authenticate, Exchange, Identity, Login, OwnedLogin, Password, Reservation, Step,
    Verdict,
};
pub use notices::SilentRefusal;
pub use now::Now;
pub use outbound::feed::{Due, Fed, FedPublish, LEDGER_PACKET_IDS};
pub use oversize::Oversize;
pub use panic_scope::Panicked;
pub use peer::{Certificate, Peer, Transport};
pub use pressure::Pressure;
pub use routing::batch::Batch;
pub use routing::retained::{Held, Quota, Retained, RetainedMessages, Walk};
pub use routing::tree::{
    Group, Holder, Link, List, Matched, ShareName, Subscriber, Subscriptions, Visit, Wish,
};
pub use sessions::clients::{ClientRef, Clients, Ended, Filters, Orphan, Parked};
pub use sessions::left_behind::LeftBehind;
pub use shortfall::{FellShort, Shortfall};
pub use shown::Shown;
pub use signal::Signal;
pub use stats::{Drop, End, Leniency, Limit, LoginFailure, Stats};
pub use trace::{Trace, TraceEvent, TraceSpec, TracedTopics, Understood};
pub use tried::{Proof, Tried};
