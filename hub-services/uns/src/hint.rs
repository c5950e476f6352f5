//! Empty answers say what was looked for, and what of it a URL may have changed.

use hub_kit::services::HistoryPage;
use schemas::Opaque;
use uns_model::Timestamp;
use uns_model::query::{CurrentValue, HistoryQuery, Nothing};

/// Fields that are listed.
const FIELDS_MAX: usize = 50;
/// What is shown of a name.
const SHOWN_MAX: usize = 200;

/// For a filter that matches nothing.
pub(crate) fn of_filter(given: &str) -> String {
    let mut hint = format!("No topic matches `{}`.", shown(given));
    if given.split('/').any(|level| level == " ") {
        hint.push_str(" In a URL `+` means a space: write `*` for one level.");
    }
    if given.len() > 1 && given.ends_with('/') {
        hint.push_str(" In a URL `#` begins what is not sent: write `**` for all levels below.");
    }
    hint
}

/// For a path below which there is nothing.
pub(crate) fn of_path(path: &str) -> String {
    let mut hint = match path {
        "" => "There is nothing yet.".to_owned(),
        path => format!("Nothing lies below `{}`.", shown(path)),
    };
    if path.split('/').any(|level| matches!(level, "*" | "**" | "+" | "#" | " ")) {
        hint.push_str(" `path` takes one path, without wildcards: `current` takes a filter.");
    }
    hint
}

/// For a window of history without a sample, beside the last values of its topic.
pub(crate) fn of_history(
    query: &HistoryQuery,
    page: &HistoryPage,
    values: &[CurrentValue],
) -> String {
    let topic = shown(&query.topic);
    let what = match &query.field {
        Some(field) => format!("the field `{}` of `{topic}`", shown(field)),
        None => format!("`{topic}`"),
    };
    let mut hint = format!("No sample of {what} from {} to {}.", query.start, query.end);
    let own = values.iter().find(|value| value.field.as_deref() == query.field.as_deref());
    let fields: Vec<_> = values.iter().filter_map(|value| value.field.as_deref()).collect();
    let (of_history, newest_sample) = match &page.nothing {
        Some(Nothing::NoField(fields)) => (fields.iter().map(|field| &**field).collect(), None),
        Some(Nothing::NotThen(newest)) => (Vec::new(), *newest),
        None => (Vec::new(), None),
    };
    if let Some(opaque) = own.and_then(|own| Opaque::of(&own.last.value)) {
        hint.push_str(&bytes(&opaque));
    }
    match own {
        _ if newest_sample.is_some_and(|at| at < query.start || at >= query.end) => {
            hint.push_str(&newest(newest_sample.unwrap_or_default(), query));
        }
        Some(own) => hint.push_str(&newest(own.last.timestamp, query)),
        None if !of_history.is_empty() => hint.push_str(&known(&of_history)),
        None if query.field.is_some() && !values.is_empty() => hint.push_str(&known(&fields)),
        None => {}
    }
    hint
}

fn bytes(opaque: &Opaque) -> String {
    let looks = opaque.looks_like.map(|looks| format!(", by their look {looks}"));
    let (size, looks) = (opaque.size, looks.unwrap_or_default());
    format!(" Its last payload is {size} bytes{looks}: bytes have a last value and no history.")
}

fn newest(at: Timestamp, query: &HistoryQuery) -> String {
    match at {
        at if at >= query.end => format!(" The newest is of {at}, after that window."),
        at if at < query.start => format!(" The newest is of {at}, before that window."),
        _ => String::new(),
    }
}

fn known(fields: &[&str]) -> String {
    if fields.is_empty() {
        return " The topic has no fields.".to_owned();
    }
    let listed: Vec<_> = fields.iter().take(FIELDS_MAX).map(|field| shown(field)).collect();
    let more = if fields.len() > FIELDS_MAX { ", and more" } else { "" };
    format!(" Its fields are {}{more}.", listed.join(", "))
}

fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
