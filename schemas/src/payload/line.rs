//! The line protocol of InfluxDB, which Telegraf writes unless it is told otherwise:
//! `cpu,host=h1 idle=98.2,state="up" 1795262400000000000`. Each field of each line is one of the node, named
//! as in Telegraf's batches: the measurement, the values of its tags in the order of their keys, the field.
//! A text is this only if all its lines are, each with its time: `pump state=on` may be any text. Lines of
//! one time are one text of the node at that time, with their fields beside it: so what a buffer kept
//! becomes what its lines would be one by one.

use std::borrow::Cow;
use std::collections::HashSet;

use uns_model::{Finding, PointRef, Timestamp, ValueRef, number};

use super::context::DecodeContext;
use super::document::NAME_BYTES_MAX;
use super::point::valued;
use super::rows::BATCH_SAMPLES_MAX;
use super::sink::Sink;

/// Epochs of nanoseconds have at least so many digits.
const NANOS_DIGITS: usize = 18;

/// Hands on a text of such lines with its fields; `false`: it is none, and nothing was handed on.
pub(super) fn read(payload: &[u8], context: &DecodeContext<'_>, sink: &mut impl Sink) -> bool {
    // Most texts end here.
    let ends_in_time = payload.trim_ascii_end().last().is_some_and(u8::is_ascii_digit);
    let may_have_comments = || payload.first() == Some(&b'#') || payload.contains(&b'#');
    if !payload.contains(&b'=') || !(ends_in_time || may_have_comments()) {
        return false;
    }
    let Ok(text) = std::str::from_utf8(payload) else { return false };
    let read = |line| Some((line, Line::read(line)?));
    let Some(mut lines) = lines(text).map(read).collect::<Option<Vec<_>>>() else { return false };
    if lines.is_empty() {
        return false;
    }
    // Within one time they stay in the order in which they came.
    lines.sort_by_key(|(_, line)| line.time);
    let mut fields = Fields { max: context.limits.fields_max, ..Fields::default() };
    let whole = lines.iter().all(|(_, line)| line.time == lines[0].1.time).then_some(text);
    for lines in lines.chunk_by(|(_, one), (_, other)| one.time == other.time) {
        same_time(lines, whole, sink);
        for (_, line) in lines {
            fields.line(line, sink);
        }
    }
    if fields.left_out > 0 {
        sink.finding(Finding::FieldsLeftOut(fields.left_out));
    }
    true
}

/// Hands on lines of one time as a text of the node: the payload where it has no others.
fn same_time(lines: &[(&str, Line<'_>)], whole: Option<&str>, sink: &mut impl Sink) {
    let source = lines.first().map(|(_, line)| line.time);
    let join = || lines.iter().map(|(line, _)| *line).collect::<Vec<_>>().join("\n");
    let text = whole.map_or_else(|| Cow::Owned(join()), Cow::Borrowed);
    sink.point(&PointRef { source, ..PointRef::new(ValueRef::Text(&text)) });
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim_ascii_end).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// One line, taken apart.
struct Line<'a> {
    /// The measurement and the values of its tags in the order of their keys, still escaped.
    sources: Vec<&'a str>,
    fields: Vec<(&'a str, ValueRef<'a>)>,
    time: Timestamp,
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (measurement, mut rest) = split(line, b", ")?;
        let mut tags = Vec::new();
        while let Some(more) = rest.strip_prefix(',') {
            let (key, value) = split(more, b"=, ")?;
            let (value, after) = split(value.strip_prefix('=')?, b", ")?;
            tags.push((key, value));
            rest = after;
        }
        if measurement.is_empty()
            || tags.iter().any(|(key, value)| key.is_empty() || value.is_empty())
        {
            return None;
        }
        let mut fields = Vec::new();
        let mut more = rest.strip_prefix(' ')?;
        loop {
            let (key, value) = split(more, b"=, ").filter(|(key, _)| !key.is_empty())?;
            let (value, after) = value_of(value.strip_prefix('=')?)?;
            fields.push((key, value));
            match after.strip_prefix(',') {
                Some(after) => more = after,
                None => {
                    let time = time_of(after.strip_prefix(' ')?)?;
                    tags.sort_by_key(|(key, _)| *key);
                    let values = tags.into_iter().map(|(_, value)| value);
                    let sources = std::iter::once(measurement).chain(values).collect();
                    return Some(Self { sources, fields, time });
                }
            }
        }
    }
}

/// What stands before the first of these bytes that has no backslash before it, and the rest from there.
fn split<'a>(text: &'a str, ends: &[u8]) -> Option<(&'a str, &'a str)> {
    let mut is_escaped = false;
    let end = text.bytes().position(|byte| {
        let is_end = !is_escaped && ends.contains(&byte);
        is_escaped = !is_escaped && byte == b'\\';
        is_end
    })?;
    text.split_at_checked(end)
}

/// The value of a field, and what follows it.
fn value_of(text: &str) -> Option<(ValueRef<'_>, &str)> {
    if let Some(quoted) = text.strip_prefix('"') {
        let (inside, rest) = split(quoted, b"\"")?;
        return Some((ValueRef::Text(inside), rest.strip_prefix('"')?));
    }
    let (token, rest) = split(text, b", ")?;
    let value = match token {
        "t" | "T" | "true" | "True" | "TRUE" => ValueRef::Bool(true),
        "f" | "F" | "false" | "False" | "FALSE" => ValueRef::Bool(false),
        _ => number::read(token.strip_suffix(['i', 'u']).unwrap_or(token))?,
    };
    Some((value, rest))
}

fn time_of(text: &str) -> Option<Timestamp> {
    let digits = text.trim_ascii();
    let time = Timestamp(digits.parse().ok()?);
    (digits.len() >= NANOS_DIGITS && time.in_range()).then_some(time)
}

/// Hands on the fields of lines.
#[derive(Default)]
struct Fields {
    max: usize,
    names: HashSet<Box<str>>,
    count: usize,
    name: String,
    left_out: u32,
}

impl Fields {
    fn line(&mut self, line: &Line<'_>, sink: &mut impl Sink) {
        self.name.clear();
        for source in &line.sources {
            unescape(source, ", =", &mut self.name);
            self.name.push('.');
        }
        let sources = self.name.len();
        for (key, value) in &line.fields {
            self.name.truncate(sources);
            unescape(key, ", =", &mut self.name);
            if !self.is_taken() {
                self.left_out = self.left_out.saturating_add(1);
                continue;
            }
            let model = PointRef {
                field: Some(&self.name),
                source: Some(line.time),
                ..PointRef::new(ValueRef::Null)
            };
            match value {
                ValueRef::Text(text) => {
                    let meant = meant(text);
                    sink.point(&valued(model, ValueRef::Text(&meant)));
                }
                value => sink.point(&valued(model, *value)),
            }
        }
    }

    /// Whether there is room for the field at hand. Of one there may be several samples in time.
    fn is_taken(&mut self) -> bool {
        if self.name.len() > NAME_BYTES_MAX || self.count >= BATCH_SAMPLES_MAX {
            return false;
        }
        if !self.names.contains(&*self.name) {
            if self.names.len() >= self.max {
                return false;
            }
            self.names.insert(self.name.as_str().into());
        }
        self.count += 1;
        true
    }
}

/// A quoted text as it is meant.
fn meant(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut meant = String::with_capacity(text.len());
    unescape(text, "\"\\", &mut meant);
    Cow::Owned(meant)
}

/// Appends a text, without the backslashes before these characters.
fn unescape(raw: &str, escaped: &str, out: &mut String) {
    let mut characters = raw.chars().peekable();
    while let Some(character) = characters.next() {
        match characters.peek() {
            Some(next) if character == '\\' && escaped.contains(*next) => {
                out.push(*next);
                characters.next();
            }
            _ => out.push(character),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_any_other_text_is_no_line() {
        for text in [
            "pump state=on",
            "pump state=1 1795262400000000000\nx # a",
            "pump state=on 5",
            "pump state=\"on\" 1795262400",
            "pump 1795262400000000000",
            "state=on 1795262400000000000",
            "pump,=a state=1 1795262400000000000",
            "pump,x= state=1 1795262400000000000",
            "pump,x=a =1 1795262400000000000",
            "pump state=on 1795262400000000000",
            "pump state=1 2 1795262400000000000",
            "pump state=1, 1795262400000000000",
            "pump state=1 1795262400000000000\nall well",
            "pump state=\"1 1795262400000000000",
            "x = 5 at 1795262400000000000",
        ] {
            assert!(lines(text).map(Line::read).any(|line| line.is_none()), "{text}");
        }
    }

    #[test]
    fn all_kinds_of_values_and_escapes_are_read() {
        let text = r#"a\ b,z=1,k=x\,y f=-1.5e3,g=7i,h=8u,on=T,off=false,s="up, \"on\" 5",t\=u=1 1795262400000000000"#;
        let line = Line::read(text).unwrap();
        assert_eq!(line.sources, [r"a\ b", r"x\,y", "1"]);
        assert_eq!(line.time.to_string(), "2026-11-21T12:00:00Z");
        let values: Vec<_> = line.fields.iter().map(|(_, value)| *value).collect();
        assert_eq!(
            values[..5],
            [
                ValueRef::Float(-1500.0),
                ValueRef::Int(7),
                ValueRef::Int(8),
                ValueRef::Bool(true),
                ValueRef::Bool(false),
            ]
        );
        let ValueRef::Text(text) = values[5] else { unreachable!("{values:?}") };
        assert_eq!(meant(text), r#"up, "on" 5"#);
        let mut name = String::new();
        unescape(line.fields[6].0, ", =", &mut name);
        assert_eq!(name, "t=u");
    }
}
