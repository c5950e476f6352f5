//! The MQTT side: the broker over the namespace's gate.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use broker_server::{
    Config as ServerConfig, DeadLetters, Deps, EngineConfig, Error, Handshakes, Listener,
    OriginCheck, Refusals, Server, Tls, Transport,
};

use super::entrance::Entrance;
use super::parts::Parts;
use crate::config::{
    self, ClientCertificate, Config, Durability, Listen, ListenerDurability, Mqtt,
};
use crate::ports;
use crate::wiring::mqtt_websocket::Guarded;

/// Binds the ports and starts the cores.
pub(super) async fn start(parts: &Parts, config: &Config, entrance: &Entrance) -> Result<Server> {
    let origin_check: Arc<dyn OriginCheck> = Arc::new(Guarded(entrance.guard.clone()));
    let deps = Deps {
        namespace: Some(Arc::clone(&parts.namespace)),
        ledger: Some(Arc::clone(&parts.ledger)),
        dead_letters: Some(Arc::clone(&parts.dead) as Arc<dyn DeadLetters>),
        authenticate: Box::new(entrance.control.clone()),
        origin_check,
        clock: Arc::clone(&parts.clock),
        random: Arc::clone(&parts.random),
        give_back: crate::memory::give_back,
    };
    match Server::start(server_config(config), deps).await {
        Ok(server) => Ok(server),
        Err(Error::Listen { address, source }) if source.kind() == io::ErrorKind::AddrInUse => {
            let key = config.mqtt.addresses().find(|(_, listen)| *listen == address);
            let key = key.map_or("mqtt.listen", |(key, _)| key);
            Err(source).context(ports::taken(key, address))
        }
        Err(error) => Err(error).context("the broker does not start"),
    }
}

fn server_config(config: &Config) -> ServerConfig {
    let mqtt = &config.mqtt;
    let output = mqtt.outbound_bytes_max.as_usize();
    let shares = config.shares();
    ServerConfig {
        listen: listeners(mqtt),
        tls: tls(mqtt),
        cores: u16::try_from(mqtt.cores).unwrap_or(u16::MAX),
        connections_max: mqtt.connections_max,
        handshakes: Handshakes { timeout: mqtt.connect_timeout.0, ..Handshakes::default() },
        durability: durability(mqtt.durability),
        lenient: mqtt.lenient,
        unread_bytes_max: shares.unread_bytes,
        connections_per_second: mqtt.limits.connections_per_second,
        connections_per_address: mqtt.limits.connections_per_address,
        proxies: mqtt.proxies.iter().map(|proxy| proxy.0).collect(),
        engine: EngineConfig {
            packet_bytes_max: mqtt.packet_bytes_max.as_usize(),
            keep_alive_max: u16::try_from(mqtt.keep_alive_max.0.as_secs()).unwrap_or(u16::MAX),
            handshake_timeout: mqtt.connect_timeout.0,
            output_bytes_max: output,
            backlog_bytes_high: output / 4,
            waiting_bytes_max: shares.waiting_bytes,
            uncommitted_bytes_max: shares.uncommitted_bytes,
            unfolded_bytes_max: shares.unfolded_bytes,
            refusals: match mqtt.refusals {
                config::Refusals::Acknowledge => Refusals::Acknowledge,
                config::Refusals::Close => Refusals::Close,
            },
            session_expiry_max: u32::try_from(mqtt.session_expiry_max.0.as_secs())
                .unwrap_or(u32::MAX),
            sessions_max: mqtt.sessions_max,
            subscriptions_max: mqtt.limits.client_subscriptions,
            topic_alias_out_maximum: mqtt.limits.topic_aliases,
            retained: mqtt.limits.retained_quota(),
            limits: mqtt.limits.for_engine(),
            ..EngineConfig::default()
        },
        ..ServerConfig::default()
    }
}

fn listeners(mqtt: &Mqtt) -> Vec<Listener> {
    let (tls, web, secure) = (&mqtt.tls, &mqtt.websocket, &mqtt.websocket_tls);
    let plain = Listen(Some(mqtt.listen));
    [
        (plain, Transport::Tcp, mqtt.proxy_protocol, (mqtt.lenient, ListenerDurability::Inherit)),
        (tls.listen, Transport::Tls, tls.proxy_protocol, (tls.lenient, tls.durability)),
        (web.listen, Transport::WebSocket, web.proxy_protocol, (web.lenient, web.durability)),
        (
            secure.listen,
            Transport::WebSocketTls,
            secure.proxy_protocol,
            (secure.lenient, secure.durability),
        ),
    ]
    .into_iter()
    .filter_map(|(listen, transport, proxy, (lenient, own))| {
        let durability = durability(own.or(mqtt.durability));
        Some(Listener { proxy, lenient, durability, ..Listener::new(listen.0?, transport) })
    })
    .collect()
}

fn durability(configured: Durability) -> broker_server::Durability {
    match configured {
        Durability::Commit => broker_server::Durability::Commit,
        Durability::Interval => broker_server::Durability::Interval,
        Durability::Memory => broker_server::Durability::Memory,
    }
}

fn tls(mqtt: &Mqtt) -> Option<Tls> {
    let given = |path: &Path| !path.as_os_str().is_empty();
    let files = &mqtt.tls;
    given(&files.certificate).then(|| Tls {
        client_ca: Some(files.client_ca.clone()).filter(|path| given(path)),
        client_crl: Some(files.client_crl.clone()).filter(|path| given(path)),
        client_optional: files.client_certificate == ClientCertificate::Optional,
        ..Tls::new(&files.certificate, &files.key)
    })
}
