//! The hub from outside: the built binary, driven with the tools a plant has.

#![expect(clippy::disallowed_methods, reason = "tests measure real time")]
#![expect(clippy::panic, reason = "tests say what was unexpected")]

mod client;
mod hub;
mod needs;
mod recording;
mod secure;
mod wire;

mod absent_sessions;
mod aggregates;
mod brownfield_off;
mod client_ids;
mod clock_jumps;
mod cloud_topics;
mod commands;
mod dead_letters;
mod delete_node;
mod denied_topics;
mod descriptors;
mod devices;
mod disk_full;
mod doctor;
mod empty_levels;
mod failed_log_ins;
mod failed_sync;
mod first_contact;
mod first_password;
mod full_under_load;
mod half_open;
mod hidden_password;
mod hostile_bytes;
mod http_crowd;
mod http_guard;
mod json_fields;
mod kill_nine;
mod large_packets;
mod live_handover;
mod lost_log;
mod memory_limit;
mod mosquitto_bridge;
mod mutual_tls;
mod old_clients;
mod one_flush_per_batch;
mod one_owner;
mod operators;
mod operators_sessions;
mod private_files;
mod public;
mod publish_arrays;
mod readme_tour;
mod replay_is_bit_exact;
mod retained;
mod scram;
mod session_libraries;
mod sessions_survive;
mod slow_consumer;
mod steady;
mod stop_in_time;
mod storms;
mod takeover_race;
mod tls_errors;
mod tokens;
mod transports;
mod versions_meet;
