//! Live values over WebSocket, gap-free from any sequence.
//!
//! [`WebSocket`] serves `/api/v1/ws`. Each subscription has its own cursor on the log, so a client
//! that took `current` as of sequence N and subscribes from N misses nothing and sees nothing twice
//! (NS-39); a slow client only lags. Subscriptions that are up to date are served by one reader of the
//! log, which decodes a record once for all of them; a bounded piece waits for each.

mod config;
mod connection;
mod dispatch;
mod inbox;
mod item;
mod latest;
mod route;
mod service;
mod statistics;
mod subscription;
mod topics;

pub use config::Config;

use std::sync::Arc;

use hub_kit::{Error, Hub, Module, Started, Task};

/// The module.
#[derive(Debug)]
pub struct WebSocket;

impl Module for WebSocket {
    const NAME: &'static str = "websocket";
    type Config = Config;

    async fn start(config: Config, hub: Hub) -> Result<Started, Error> {
        let service = service::Service::new(config, hub);
        let dispatcher = Arc::clone(&service.dispatcher);
        let task: Task = Arc::new(move |stop| Box::pin(Arc::clone(&dispatcher).run(stop)));
        Ok(Started {
            task: Some(task),
            metrics: vec![service.statistics()],
            openapi: Some(route::openapi()),
            router: route::router(service),
            ..Started::default()
        })
    }
}

#[cfg(test)]
mod tests;
