//! Wiring: the hub's parts seen through the service traits that modules know.

pub(crate) mod dead;
pub(crate) mod figures;
pub(crate) mod history;
pub(crate) mod live;
pub(crate) mod log_in;
pub(crate) mod mqtt;
pub(crate) mod mqtt_websocket;
pub(crate) mod publish;
pub(crate) mod seal;
