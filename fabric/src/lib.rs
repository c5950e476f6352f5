//! The fabric's traits, record format, disk abstraction and conformance suite.
//!
//! A [`Log`] takes [`Batch`]es of [`Record`]s, makes them durable as [`Frame`]s and hands them to
//! any number of [`Tail`]s, in order, exactly once. [`Disk`] is the only door to files, so that
//! [`sim::SimDisk`] can lose power at any moment; [`sim::SimLog`] is a log in memory for tests of
//! the layers above; [`conformance`] is what every implementation of [`Log`] must pass.
//! [`checkpoint::Checkpoints`] keeps what a fold over the log knows, so that it need not read all,
//! and [`follow::Follower`] drives every such fold.
//!
//! The byte format of records and frames is owned here and nowhere else.

mod admission;
mod batch;
pub mod checkpoint;
pub mod conformance;
mod cursor;
pub mod disk;
mod error;
pub mod follow;
mod frame;
mod gap;
mod give_back;
mod health;
mod log;
mod record;
mod reopened;
pub mod sim;
mod stream;
mod will;

pub use admission::{
    Admitted, Author, Findings, Inbound, Output, Outputs, Place, RefusedRow, Rejection, Resolved,
};
pub use batch::Batch;
pub use cursor::{Cursor, NoCursor};
pub use disk::{DirLock, Disk, File, Space};
pub use error::{CheckpointError, Error};
pub use frame::{
    FORMAT_VERSION, FRAME_ALIGN, FRAME_HEADER_BYTES, Frame, FrameBuilder, FrameHeader, FrameKey,
    Records, Upgrade,
};
pub use gap::{GapReason, ends_epoch, epoch_after};
pub use give_back::GiveBack;
pub use health::{ClockHealth, ClockStep, Counters, Damage, Health, Hold};
pub use log::{Commit, Log, OnCommit, Tail, TailItem};
pub use record::{
    Audience, Ids, Kind, Mark, MarkDoes, Member, Members, Message, Points, PointsBuffer,
    PointsBuilder, PointsIter, Publish, RECORD_BYTES_MIN, Raw, Record, SessionChange, Skim, fuzz,
};
pub use reopened::Reopened;
pub use stream::Stream;
pub use will::{DueWill, Will};
