//! Metrics: sources write their families into one Prometheus text exposition, on demand.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Write as _};

/// Something that counts. Called on every scrape: read atomics, hold no lock for long.
pub trait MetricSource: Send + Sync {
    /// Writes its families.
    fn write(&self, out: &mut Exposition);
}

/// The content type of [`Exposition::render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Families being collected; two sources may write into the same one.
#[derive(Debug, Default)]
pub struct Exposition {
    families: BTreeMap<&'static str, Lines>,
}

#[derive(Debug)]
struct Lines {
    kind: &'static str,
    help: &'static str,
    text: String,
}

/// One family, open for samples.
#[derive(Debug)]
pub struct Family<'a> {
    name: &'static str,
    text: &'a mut String,
}

impl Exposition {
    /// A value that only grows; its name ends in `_total`.
    pub fn counter(&mut self, name: &'static str, help: &'static str) -> Family<'_> {
        self.family(name, "counter", help)
    }

    /// A value that goes up and down.
    pub fn gauge(&mut self, name: &'static str, help: &'static str) -> Family<'_> {
        self.family(name, "gauge", help)
    }

    /// A counter that has one value and no labels.
    pub fn single_counter(&mut self, name: &'static str, help: &'static str, value: impl Display) {
        self.counter(name, help).sample(&[], value);
    }

    /// A gauge that has one value and no labels.
    pub fn single_gauge(&mut self, name: &'static str, help: &'static str, value: impl Display) {
        self.gauge(name, help).sample(&[], value);
    }

    fn family(&mut self, name: &'static str, kind: &'static str, help: &'static str) -> Family<'_> {
        let lines =
            self.families.entry(name).or_insert_with(|| Lines { kind, help, text: String::new() });
        Family { name, text: &mut lines.text }
    }

    /// The text a scraper reads.
    pub fn render(&self) -> String {
        let mut out = String::new();
        for (name, lines) in &self.families {
            let Lines { kind, help, text } = lines;
            push(&mut out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n{text}"));
        }
        out
    }
}

impl Family<'_> {
    /// One sample with its labels.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl Display) {
        self.text.push_str(self.name);
        for (index, (name, value)) in labels.iter().enumerate() {
            let open = if index == 0 { '{' } else { ',' };
            push(self.text, format_args!("{open}{name}=\"{}\"", Escaped(value)));
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        push(self.text, format_args!(" {value}\n"));
    }
}

/// A label value with its quotes, backslashes and line breaks escaped.
struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

fn push(out: &mut String, text: fmt::Arguments<'_>) {
    out.write_fmt(text).expect("writing to a string never fails");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_two_sources_are_one_and_labels_are_escaped() {
        let mut out = Exposition::default();
        out.single_gauge("uns_b", "B.", 1.5);
        out.counter("uns_a_total", "A.").sample(&[("topic", "a\"b\\c\nd"), ("x", "y")], 1);
        out.counter("uns_a_total", "A.").sample(&[("topic", "e")], 2);
        expect_test::expect![[r#"
            # HELP uns_a_total A.
            # TYPE uns_a_total counter
            uns_a_total{topic="a\"b\\c\nd",x="y"} 1
            uns_a_total{topic="e"} 2
            # HELP uns_b B.
            # TYPE uns_b gauge
            uns_b 1.5
        "#]]
        .assert_eq(&out.render());
    }
}
