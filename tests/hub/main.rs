//! The hub from outside: the built binary, driven with the tools a plant has.

mod hub;

mod commands;
mod delete_node;
mod first_contact;
mod kill_nine;
mod one_owner;
mod recording;
mod replay_is_bit_exact;
mod stop_in_time;
mod versions_meet;
