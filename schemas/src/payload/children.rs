//! Batches of children (NS-21): `{"points":[{"path":"motor/temp","value":1}, …]}`. Each row is a
//! sample of the child its path names. A row that cannot be used costs no other one.

use super::context::DecodeContext;
use super::envelope::{self, Envelope};
use super::rows::{BadRow, ChildRow};
use super::scan::{Kind, Scanned, Token, elements, members};
use super::text;
use super::value::rewrite;

const NO_POINT: &str = "a point is an object with `path`, a string that is not empty, and a value";

/// The rows of a payload that is a batch of children: one whose `points` have a `path`.
pub(super) fn read(
    json: &Scanned<'_>,
    context: &DecodeContext<'_>,
) -> Option<Vec<Result<ChildRow, BadRow>>> {
    let points = json.points?;
    elements(points).find(|point| path(*point).is_some())?;
    let time = members(json.token).find(|(name, token)| envelope::is_time(*name, *token, context));
    let rows = elements(points).zip(0..);
    Some(rows.map(|(point, index)| row(point, index, time, context)).collect())
}

fn path(point: Token<'_>) -> Option<(Token<'_>, String)> {
    let Kind::Object { .. } = point.kind else { return None };
    members(point).find_map(|(name, token)| match token.kind {
        Kind::Text { escaped } if name.text == "path" => {
            Some((token, text::unescape(token.text, escaped).into_owned()))
        }
        _ => None,
    })
}

fn row<'a>(
    point: Token<'a>,
    index: usize,
    time: Option<(Token<'a>, Token<'a>)>,
    context: &DecodeContext<'_>,
) -> Result<ChildRow, BadRow> {
    let path = path(point).map(|(_, path)| path).filter(|path| !path.is_empty());
    let sample = envelope::read(point, true, context);
    let (Some(path), Some(sample)) = (&path, sample) else {
        return Err(BadRow::new(index, path, point.raw(), NO_POINT));
    };
    Ok(ChildRow { path: path.clone(), payload: payload(point, &sample, time) })
}

fn payload(
    point: Token<'_>,
    sample: &Envelope<'_>,
    time: Option<(Token<'_>, Token<'_>)>,
) -> String {
    let inherited = time.filter(|_| sample.source.is_none());
    let own = members(point).filter(|(name, _)| name.text != "path");
    let mut payload = String::with_capacity(point.text.len());
    for (name, token) in own.chain(inherited) {
        payload.push(if payload.is_empty() { '{' } else { ',' });
        rewrite(name, &mut payload);
        payload.push(':');
        rewrite(token, &mut payload);
    }
    payload.push('}');
    payload
}
