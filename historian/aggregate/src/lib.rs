//! Aggregates over samples, per bucket; pure.
//!
//! A [`State`] takes samples in any order and merges with other states; [`State::result`] turns
//! it into a value and a quality. Only Good samples count towards a value; Uncertain samples are
//! treated as Bad unless [`Config`] says otherwise (the OPC UA Part 13 default), and show in the
//! quality of the result by their share. Counts, extremes, first and last are exact; sums of
//! integers are exact, sums of doubles are compensated (Neumaier).

mod bucket;
mod number;
mod state;

pub use bucket::{bucket_end, bucket_start};
pub use state::{Config, Outcome, State};
