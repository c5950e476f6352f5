//! Every JSON payload and HTTP body of the hub, the one owner of these formats.
//!
//! [`payload`] turns what was published into points, [`http`] holds the bodies of the API and
//! [`ws`] the messages of the live channel. Values go out through [`WireValue`], times through
//! [`WireTime`]: both serialise borrowed data exactly and without an intermediate tree.

mod cut;
mod dead;
mod error;
pub mod http;
mod opaque;
pub mod payload;
mod reads_as;
mod wire;
pub mod ws;

pub use cut::cut;
pub use dead::{Base64, DeadLetter};
pub use error::{BodyError, Malformed};
pub use opaque::Opaque;
pub use reads_as::ReadsAs;
pub use wire::{Sample, WireQuality, WireTime, WireValue};
