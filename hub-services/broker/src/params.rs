//! Parameters whose values are words of a list.

use hub_kit::Refusal;
use hub_kit::http::Params;

/// The meaning of a parameter that takes one of a few words.
pub(crate) fn word<T: Copy>(
    params: &Params,
    name: &str,
    words: &[(&str, T)],
) -> Result<Option<T>, Refusal> {
    let Some(given) = params.text(name) else { return Ok(None) };
    let found = words.iter().find(|(word, _)| *word == given);
    found.map(|(_, meaning)| Some(*meaning)).ok_or_else(|| {
        let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        Refusal::parameter(name, format_args!("must be one of {}.", known.join(", ")))
    })
}

/// `true`, `false`, or not said.
pub(crate) fn choice(params: &Params, name: &str) -> Result<Option<bool>, Refusal> {
    word(params, name, &[("true", true), ("false", false)])
}
