//! Records: what the log stores, and their byte format.
//!
//! Every record starts with 16 bytes: length of the whole record (u32), kind (u8), flags (u8), the
//! change of a session record (u8, else zero), a zero byte, ingest time (i64) — the ingest time at a
//! fixed place, because the appender patches it. All integers are little-endian. A record has no
//! sequence of its own: it is the frame's first sequence plus its position. New kinds or fields raise
//! the frame's format version: kinds 1 to 4 are of version 1, 5 to 8 came with version 2; with
//! version 3 the end of a will may name it, and a member of an audience the share it is chosen of;
//! version 4 added the points section of publishes, the organisation of publishers, and kind 9;
//! with version 5 that section says nothing twice.

mod audience;
mod cut;
mod decode;
mod encode;
mod fuzz;
mod head;
mod kind;
mod mark;
mod points;
mod publish;
mod session;
mod skim;

pub use audience::{Audience, Ids, Member, Members};
pub(crate) use decode::{check, decode, length};
pub(crate) use encode::encode;
pub use fuzz::fuzz;
pub(crate) use head::INGEST_OFFSET;
pub use kind::Record;
pub use mark::{Mark, MarkDoes};
pub use points::{Points, PointsBuffer, PointsBuilder, PointsIter};
pub use publish::{Message, Publish};
pub use session::SessionChange;
pub use skim::{Kind, Raw, Skim};

/// The smallest record there is: bounds how many records some bytes can hold.
pub const RECORD_BYTES_MIN: usize = 20;

#[cfg(test)]
mod tests;
