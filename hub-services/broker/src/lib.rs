//! The broker over HTTP, for operators: clients, sessions, subscriptions, topics, figures, traces.
//!
//! [`Broker`] is the module; each route has a file under `routes`. It asks the service
//! [`hub_kit::services::Mqtt`] and keeps nothing: what a list says is of the moment it was asked, and
//! between two pages clients come and go.

mod params;
mod routes;
mod service;

use hub_kit::{Error, Hub, Module, Started};
use serde::Deserialize;

use service::Service;

/// The module.
#[derive(Debug)]
pub struct Broker;

/// It has no settings yet.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {}

impl Module for Broker {
    const NAME: &'static str = "broker";
    type Config = Config;

    async fn start(_: Config, hub: Hub) -> Result<Started, Error> {
        let Some(mqtt) = hub.mqtt else { return Ok(Started::default()) };
        let service = Service { org: hub.org, mqtt };
        Ok(Started {
            router: routes::router(service),
            openapi: Some(routes::openapi()),
            ..Started::default()
        })
    }
}

#[cfg(test)]
mod tests;
