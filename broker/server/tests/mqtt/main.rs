//! Behaviour of the broker over loopback, one file per behaviour. A TRAP id names a mistake that
//! another broker has made.
#![expect(clippy::panic, reason = "tests say what was unexpected")]
#![expect(clippy::disallowed_methods, reason = "tests measure real time")]

mod authenticator;
mod certificates;
mod client;
mod peers;

mod access;
mod accounting;
mod batches;
mod before_connect;
mod bounded;
mod case_collisions;
mod cloud_topics;
mod consumers;
mod costs;
mod dead_core;
mod dead_letters;
mod draining_sockets;
mod gate_outputs;
mod hostile;
mod in_process;
mod keep_alive;
mod lenient;
mod limits;
mod log_in;
mod maximum_packet_size;
mod names;
mod namespace;
mod organisations;
mod outgoing_aliases;
mod oversize;
mod panics;
mod properties;
mod proxy_header;
mod refusals;
mod resubscribing;
mod retained;
mod retained_fold;
mod rumqttc_client;
mod shared_subscriptions;
mod slow_readers;
mod subscriptions;
mod takeover;
mod tls;
mod tls_reload;
mod traps;
mod versions_on_one_port;
mod websocket;
mod wills;
