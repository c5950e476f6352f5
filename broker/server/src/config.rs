//! Settings of the server, with their defaults.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Listeners, threads and limits.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where plain MQTT is served.
    pub listen: Vec<SocketAddr>,
    /// Threads that own connections; 0 for as many as the machine runs at once.
    pub cores: u16,
    /// Connections at the same time. Some more are let in to be refused in words.
    pub connections_max: usize,
    /// How often `$SYS` is published; zero for never.
    pub figures_interval: Duration,
    /// In-process publishes waiting for one core.
    pub in_process_max: usize,
    /// Limits of the engine.
    pub engine: broker_engine::Config,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 1883))],
            cores: 0,
            connections_max: 15_000,
            figures_interval: Duration::from_secs(10),
            in_process_max: 1024,
            engine: broker_engine::Config::default(),
        }
    }
}

impl Config {
    /// The number of cores to run.
    pub(crate) fn resolved_cores(&self) -> u16 {
        if self.cores > 0 {
            return self.cores;
        }
        let available = std::thread::available_parallelism().map_or(1, usize::from);
        u16::try_from(available).unwrap_or(u16::MAX)
    }
}
