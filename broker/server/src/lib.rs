//! MQTT sockets: one thread per core, connections pinned, batches between cores.
//!
//! [`Server::start`] opens the listeners and one thread per core, each with a tokio runtime of its
//! own, an engine and the connections it was handed, for life. A tick of a core is: read whole
//! chunks from every socket that is ready, let the engine handle them, then flush once: the gate's
//! batch to the log, batches to other cores, and one write per connection that has output. A panic
//! in a core ends the process: there is no half-alive broker.

mod config;
mod error;

mod handle;
mod server;

mod abort;
mod accept;
mod gate;
mod post;
mod worker;

pub use config::Config;
pub use error::Error;
pub use handle::{Handle, StatsSnapshot};
pub use server::{Deps, Server};

pub use broker_engine::{
    Anonymous, Authenticate, Config as EngineConfig, Drop as DropCause, Identity, InProcess, Login,
    Peer, Rejection, Stall, Stats,
};
