//! The namespace over HTTP: tree, current, history, search, publish, delete.
//!
//! [`Uns`] is the module; each route has a file under `routes`. Every read waits for what was
//! committed when it arrived, so a client reads its own writes. Paths and filters are tried as given
//! and then below `uns/v1/` (UNS-1): only a name that does not exist as given is completed.

mod csv_text;
mod hint;
mod listed;
mod params;
mod resolve;
mod routes;
mod service;
mod time;

use std::sync::Arc;

use hub_kit::{Error, Hub, Module, Started};
use serde::Deserialize;

use service::Service;

/// The module.
#[derive(Debug)]
pub struct Uns;

/// Its settings, of which there are none yet.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

impl Module for Uns {
    const NAME: &'static str = "uns";
    type Config = Config;

    async fn start(_: Config, hub: Hub) -> Result<Started, Error> {
        let service = Service { hub: Arc::new(hub) };
        Ok(Started {
            router: routes::router(service),
            openapi: Some(routes::openapi()),
            ..Started::default()
        })
    }
}

#[cfg(test)]
mod tests;
