//! The log on the simulated disk and on the real one, one file per behaviour.

mod conforms;
mod damage_is_named_and_never_served;
mod data_directory_has_one_owner;
mod disk_full_refuses_and_recovers;
mod every_step;
mod failed_sync_stops_for_good;
mod inspected_from_outside;
mod lost_end_begins_an_epoch;
mod memory_is_for_readers_that_lag;
mod newer_format_is_refused;
mod older_format_is_read;
mod older_records_get_their_points;
mod points_of_format_4_are_read;
mod power_cuts;
mod retention_respects_holds;
mod rig;
mod tail_falls_back_to_disk;
