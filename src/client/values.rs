//! `uns get` and `uns history`: values and samples, one line each, with all that the answer of the
//! HTTP API says of them.

use anyhow::Result;
use clap::Args;
use serde_json::Value;

use super::http::{list, pages, text};
use super::site::HttpArgs;

/// `uns get`
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Topic or filter; `*` or `+` is one level, `**` or `#` all below.
    #[arg(default_value = "**")]
    filter: String,
    #[command(flatten)]
    hub: HttpArgs,
}

/// `uns history`
#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    /// Topic.
    topic: String,
    /// A field of JSON values, such as `motor.temp`.
    #[arg(long)]
    field: Option<String>,
    /// First time: RFC 3339, epoch, or a distance such as -1h.
    #[arg(long, default_value = "-1h", allow_hyphen_values = true)]
    start: String,
    /// End time, not included.
    #[arg(long, allow_hyphen_values = true)]
    end: Option<String>,
    /// avg, min, max, sum, count, first or last per bucket.
    #[arg(long, requires = "bucket")]
    aggregate: Option<String>,
    /// Bucket width, such as 1m.
    #[arg(long)]
    bucket: Option<String>,
    #[command(flatten)]
    hub: HttpArgs,
}

/// Prints current values, one line each.
pub(crate) fn get(args: &GetArgs) -> Result<()> {
    let mut query = vec![("filter", args.filter.clone())];
    let mut empty = Empty::default();
    pages(&args.hub.site()?, "uns/current", &mut query, |page| {
        empty.note(page, "values");
        super::print(&list(page, "values").map(current_line).collect::<String>())
    })?;
    empty.tell(|| format!("Nothing has a value that matches `{}`.", args.filter));
    Ok(())
}

/// One value with what is said beside it.
fn current_line(value: &Value) -> String {
    let field = value["field"].as_str().map(|field| format!(" .{field}")).unwrap_or_default();
    let mut line = format!(
        "{}{field}  {}  {}  {}",
        text(&value["topic"]),
        with_unit(value, &value["unit"]),
        text(&value["quality"]),
        text(&value["timestamp"]),
    );
    if value["superseded"] == true {
        line += "  superseded";
    }
    match value["fieldsLeftOut"].as_u64() {
        None | Some(0) => {}
        Some(1) => line += "  1 field left out",
        Some(fields) => line += &format!("  {fields} fields left out"),
    }
    if !value["encoding"].is_null() {
        line += &format!("  {}", text(&value["encoding"]));
    }
    line + "\n"
}

/// A value with its unit; of bytes how many they are and what they look like.
fn with_unit(value: &Value, unit: &Value) -> String {
    if value["type"] == "bytes" {
        let looks = value["looksLike"].as_str().map(|looks| format!(", {looks}"));
        return format!("({} bytes{})", text(&value["size"]), looks.unwrap_or_default());
    }
    match (&value["value"], unit) {
        // What is not there has no unit either.
        (Value::Null, _) | (_, Value::Null) => text(&value["value"]),
        // A text such as `23,4 °C` names its unit itself.
        (Value::String(shown), Value::String(unit))
            if shown.trim_end().ends_with(unit.as_str()) =>
        {
            shown.clone()
        }
        (shown, unit) => format!("{} {}", text(shown), text(unit)),
    }
}

/// Prints the history of one topic, one line a sample.
pub(crate) fn history(args: &HistoryArgs) -> Result<()> {
    let mut query = vec![("topic", args.topic.clone()), ("start", args.start.clone())];
    let optional = [
        ("field", &args.field),
        ("end", &args.end),
        ("aggregate", &args.aggregate),
        ("bucket", &args.bucket),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            query.push((key, value.clone()));
        }
    }
    let mut empty = Empty::default();
    let mut gaps = Vec::new();
    pages(&args.hub.site()?, "uns/history", &mut query, |page| {
        empty.note(page, "samples");
        for gap in list(page, "gaps").map(gap_line) {
            // Each page names the gaps it may lack samples from.
            if !gaps.contains(&gap) {
                gaps.push(gap);
            }
        }
        super::print(
            &list(page, "samples").map(|sample| history_line(page, sample)).collect::<String>(),
        )
    })?;
    for gap in gaps {
        eprintln!("uns: {gap}");
    }
    let end = args.end.as_deref().unwrap_or("now");
    empty.tell(|| format!("{} has no sample from {} to {end}.", args.topic, args.start));
    Ok(())
}

/// One sample; its unit is its own or that of the whole page.
fn history_line(page: &Value, sample: &Value) -> String {
    let own = &sample["unit"];
    let unit = if own.is_null() { &page["unit"] } else { own };
    format!(
        "{}  {}  {}\n",
        text(&sample["timestamp"]),
        with_unit(sample, unit),
        text(&sample["quality"])
    )
}

/// A stretch that history could not read, so that absence is told from silence.
fn gap_line(gap: &Value) -> String {
    let why = match gap["reason"].as_str() {
        Some("retention") => "the log dropped them before history had read them",
        Some("damage") => "they are damaged",
        Some("lost") => "the log lost its newest files, and with them these records",
        _ => "they cannot be read",
    };
    format!(
        "samples may be missing: the records of the log after {} up to {} are not in history, since \
         {why}; `uns doctor` and /readyz say more",
        text(&gap["after"]),
        text(&gap["until"]),
    )
}

/// Notes whether a list was empty on all its pages, and what the hub said of that.
#[derive(Debug, Default)]
struct Empty {
    found: bool,
    hint: Option<String>,
}

impl Empty {
    fn note(&mut self, page: &Value, key: &str) {
        self.found |= list(page, key).next().is_some();
        if self.hint.is_none() && page["hint"].is_string() {
            self.hint = Some(text(&page["hint"]));
        }
    }

    /// Says on standard error why nothing was printed: in the hub's words where it has some.
    fn tell(self, otherwise: impl FnOnce() -> String) {
        if !self.found {
            eprintln!("uns: {}", self.hint.unwrap_or_else(otherwise));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_is_shown_with_its_unit_and_bytes_by_their_size() {
        for (value, shown) in [
            (json!({ "value": 118, "unit": "1/min" }), "118 1/min"),
            (json!({ "value": 118 }), "118"),
            (json!({ "value": "23,4 °C", "unit": "°C" }), "23,4 °C"),
            (json!({ "value": "23,4", "unit": "°C" }), "23,4 °C"),
            (json!({ "value": null, "unit": "1/min" }), "null"),
            (
                json!({ "value": "/9j/", "type": "bytes", "size": 3, "looksLike": "jpeg" }),
                "(3 bytes, jpeg)",
            ),
        ] {
            assert_eq!(with_unit(&value, &value["unit"]), shown);
        }
    }

    #[test]
    fn a_line_says_what_is_said_beside_its_value() {
        let value = json!({ "topic": "a", "field": "t", "value": 5, "quality": "Good",
            "timestamp": "2026-11-21T12:00:00Z", "superseded": true, "fieldsLeftOut": 36,
            "encoding": "windows-1252" });
        assert_eq!(
            current_line(&value),
            "a .t  5  Good  2026-11-21T12:00:00Z  superseded  36 fields left out  windows-1252\n"
        );
    }

    #[test]
    fn a_sample_has_the_unit_of_its_page_or_its_own() {
        let of_page = json!({ "unit": "1/min" });
        let mut sample = json!({ "value": 118, "quality": "Good", "timestamp": "t" });
        assert_eq!(history_line(&of_page, &sample), "t  118 1/min  Good\n");
        sample["unit"] = json!("Hz");
        assert_eq!(history_line(&json!({}), &sample), "t  118 Hz  Good\n");
    }

    #[test]
    fn a_gap_is_told_with_its_reason() {
        let line = gap_line(&json!({ "after": 3, "until": 8, "reason": "damage" }));
        assert!(line.contains("after 3 up to 8") && line.contains("damaged"), "{line}");
    }
}
