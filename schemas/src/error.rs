//! Why a payload or a body is refused.

use thiserror::Error;

/// Why a payload is refused as `payload_malformed` (NS-22).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// An object names one key twice: no reader could know which one is meant.
    #[error("an object has the same key twice, the second time at byte {at}")]
    DuplicateKey {
        /// Where the second one starts.
        at: usize,
    },
    /// Deeper than any reader should have to go.
    #[error("the payload is nested deeper than 32 levels at byte {at}")]
    TooDeep {
        /// Where the 33rd level opens.
        at: usize,
    },
    /// A batch of more samples than one may have (NS-21).
    #[error("a batch of {rows} rows, more than 10,000: publish it in parts")]
    TooManyRows {
        /// How many there are.
        rows: usize,
    },
    /// Its content type says CBOR, and it is none.
    #[error("the payload is not CBOR as its content type says: it breaks at byte {at}")]
    NotCbor {
        /// Where it breaks.
        at: usize,
    },
}

/// Why an item of a request body cannot be used.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum BodyError {
    /// More than one of `payload`, `payloadText`, `payloadBase64`.
    #[error("only one of payload, payloadText and payloadBase64 may be given")]
    SeveralPayloads,
    /// `payloadBase64` is no base64.
    #[error("payloadBase64 is not base64")]
    Base64(#[source] base64::DecodeError),
}
