//! History files: columns to Parquet bytes and back, bit-exact. Pure, no disk.
//!
//! A [`Writer`] takes one run of [`Sample`]s per series in (series, time) order and gives a
//! Parquet file any tool opens; a [`Segment`] reads it back, touching only the row groups and
//! pages that hold the asked series and time range. [`uns_model::decimal`] is why the files are small:
//! a double that is a short decimal is stored as an integer and a power of ten, but only where
//! dividing gives the same bits. An [`Origin`] goes with each file: what it takes to list it again
//! when the catalog is lost. [`write_series_map`] writes the side table that names series.
#![deny(clippy::indexing_slicing)]

mod columns;
mod error;
mod input;
mod layout;
mod origin;
mod pages;
mod reader;
mod sample;
mod series_map;
mod writer;

pub use error::Error;
pub use input::ReadAt;
pub use layout::TimeUnit;
pub use origin::{Origin, SeriesOrigin, check};
pub use reader::{Piece, Segment};
pub use sample::{Sample, SeriesId};
pub use series_map::{SeriesEntry, read_series_map, series_map_rows, write_series_map};
pub use writer::{Encoded, GROUP_ROWS, Writer};
