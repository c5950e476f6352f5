//! Answer of `GET dead-letters`.

use serde::ser::{Error as _, SerializeSeq as _};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::DeadLetter;

/// Answer of `GET dead-letters`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters<'a> {
    /// The letters, oldest first, each as it was published on `$uns/dead/…`.
    #[serde(serialize_with = "raw")]
    #[schema(value_type = Vec<DeadLetter<'a>>)]
    pub letters: Vec<&'a str>,
    /// Pass as `after` for the next page; `null` on the last.
    pub next: Option<&'a str>,
}

/// Texts that are JSON already.
fn raw<S: Serializer>(letters: &[&str], to: S) -> Result<S::Ok, S::Error> {
    let mut list = to.serialize_seq(Some(letters.len()))?;
    for letter in letters {
        let letter: &RawValue = serde_json::from_str(letter).map_err(S::Error::custom)?;
        list.serialize_element(letter)?;
    }
    list.end()
}
