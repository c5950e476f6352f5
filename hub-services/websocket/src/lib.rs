//! Live values over WebSocket, gap-free from any sequence.
//!
//! [`WebSocket`] serves `/api/v1/ws`. Each subscription has its own cursor on the log, so a client
//! that took `current` as of sequence N and subscribes from N misses nothing and sees nothing twice
//! (NS-39); a slow client only lags. Nothing is queued per client but the message being sent.

mod config;
mod connection;
mod latest;
mod route;
mod statistics;
mod subscription;
mod topics;

pub use config::Config;

use hub_kit::{Error, Hub, Module, Started};

/// The module.
#[derive(Debug)]
pub struct WebSocket;

impl Module for WebSocket {
    const NAME: &'static str = "websocket";
    type Config = Config;

    async fn start(config: Config, hub: Hub) -> Result<Started, Error> {
        let service = route::Service::new(config, hub);
        Ok(Started {
            metrics: vec![service.statistics()],
            openapi: Some(route::openapi()),
            router: route::router(service),
            ..Started::default()
        })
    }
}

#[cfg(test)]
mod tests;
