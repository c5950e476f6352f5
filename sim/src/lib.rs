//! The hub in one process, without threads, sockets, sleeps or a clock of its own, from one seed.
//!
//! [`play`] runs one history. The hub in it is the one that ships: engines, gate and what cores hand
//! each other ([`broker_server::stepped`]), namespace and ledger as folds, history with its files and its
//! catalog ([`historian_store::Steps`]), and the log in its segment files
//! ([`fabric_local::LocalLog::open_stepped`]), on a disk that loses what was not synced.
//! Around it act publishers, sessions, the network between them, the folds that follow the log,
//! power cuts, a disk that fills up; each step is one of them doing one thing, and one line of the
//! trace. Auditors look after every step and at the end: what was acknowledged is durable, what
//! sessions are owed arrives, last values, retained messages and history are folds over the log.
//!
//! A [`Fault`] is a mistake built in on purpose: a test has to find it, which proves that somebody
//! looks. docs/simulation.md says what is covered and what is not.

mod choices;
mod fault;
mod history;
mod trace;

mod faulty_log;
mod faulty_outlet;
mod machine;

mod client;
mod program;
mod watchers;
mod worker;

mod audit;
mod world;

pub use fault::Fault;
pub use history::{Failure, Figures, play};
