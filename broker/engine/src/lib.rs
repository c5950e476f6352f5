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
mod broker;
mod config;
mod gate;
mod guesses;
mod limits;
mod login;
mod peer;
mod shown;
mod stats;
mod tried;

mod engine;

mod aliases;
mod alone;
mod asked;
mod connection;
mod dead;
mod entrusted;
mod exchanges;
mod failed;
mod feed;
mod forgive;
mod inspect;
mod letters;
mod message;
mod outbound;
mod oversize;
mod pace;
mod policy;
mod pressure;
mod shortfall;
mod told;
mod trace;
mod window;

mod batch;
mod clients;
mod key;
mod retained;
mod route;
mod tree;

pub use absent::Absent;
pub use access::{Access, Action, Coverage, Everything};
pub use alone::Panicked;
pub use batch::Batch;
pub use broker::Broker;
pub use clients::{Clients, Ended, Filters, Orphan, Parked};
pub use config::{Config, Durability, Refusals, Stall};
pub use connection::Will;
pub use dead::{Buried, DeadLetter, DeadLetters, LetterNo, OnKept, subjects};
pub use engine::{
    Attached, DueWill, Effects, Engine, InProcess, LeftBehind, Now, Offer, Progress, Received,
    Reply, Signal, Together,
};
pub use failed::{FailedLogin, FailedLogins, RefusedLogin};
pub use feed::{Due, Fed, FedPublish, LEDGER_PACKET_IDS};
pub use forgive::Forgiven;
pub use gate::{Gate, May, NoNode, OpenGate, Placed, RefusedRows, Taken, Ticket, ToldRow};
pub use guesses::Guessing;
pub use inspect::{
    ClientInfo, ClientOrder, ClientQuery, ClientScan, ClientState, Keeping, TopicName, TopicScan,
};
pub use key::{Address, CoreNo, Key, Slots};
pub use limits::{Limits, OrganisationLimits, Rate};
pub use login::{
    Anonymous, Authenticate, Exchange, Identity, Login, OwnedLogin, Password, Reservation, Step,
    Verdict,
};
pub use oversize::Oversize;
pub use peer::{Certificate, Peer, Transport};
pub use pressure::Pressure;
pub use retained::{Held, Quota, Retained, RetainedMessages, Walk};
pub use route::Member;
pub use shortfall::{FellShort, Shortfall};
pub use shown::Shown;
pub use stats::{Drop, End, Leniency, Limit, LoginFailure, Stats};
pub use told::Untold;
pub use trace::{Trace, TraceEvent, TraceSpec, TracedTopics};
pub use tree::{
    Group, Holder, Link, List, Matched, ShareName, Subscriber, Subscriptions, Visit, Wish,
};
pub use tried::{Proof, Tried};
