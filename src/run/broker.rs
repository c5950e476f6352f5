//! The MQTT side: the broker over the namespace's gate.

use std::io;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use broker_server::{Anonymous, Config as ServerConfig, Deps, EngineConfig, Error, Server};

use super::parts::Parts;
use crate::config::Config;
use crate::ports;

/// Binds the port and starts the cores.
pub(super) async fn start(parts: &Parts, config: &Config) -> Result<Server> {
    let deps = Deps {
        namespace: Some(Arc::clone(&parts.namespace)),
        authenticate: Box::new(Anonymous),
        clock: Arc::clone(&parts.clock),
        random: Arc::clone(&parts.random),
    };
    match Server::start(server_config(config), deps).await {
        Ok(server) => Ok(server),
        Err(Error::Listen { address, source }) if source.kind() == io::ErrorKind::AddrInUse => {
            Err(source).context(ports::taken("mqtt.listen", address))
        }
        Err(error) => Err(error).context("the broker does not start"),
    }
}

fn server_config(config: &Config) -> ServerConfig {
    let mqtt = &config.mqtt;
    let output = mqtt.outbound_bytes_max.as_usize();
    ServerConfig {
        listen: vec![mqtt.listen],
        cores: u16::try_from(mqtt.cores).unwrap_or(u16::MAX),
        connections_max: mqtt.connections_max,
        engine: EngineConfig {
            packet_bytes_max: mqtt.packet_bytes_max.as_usize(),
            keep_alive_max: u16::try_from(mqtt.keep_alive_max.0.as_secs()).unwrap_or(u16::MAX),
            handshake_timeout: mqtt.connect_timeout.0,
            output_bytes_max: output,
            backlog_bytes_high: output / 4,
            ..EngineConfig::default()
        },
        ..ServerConfig::default()
    }
}
