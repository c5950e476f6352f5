//! Answers to reads: `tree`, `current`, `history`, `search`; and to `DELETE nodes`.

use serde::Serialize;
use utoipa::ToSchema;

use super::listed::ListedValue;
use crate::reads_as::ReadsAs;
use crate::wire::{Sample, WireQuality, WireTime, WireValue};

/// Answer of `GET tree`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tree<'a> {
    /// The path asked for.
    pub path: &'a str,
    /// What lies below it, by name.
    pub children: Vec<TreeNode<'a>>,
    /// Where the next page starts.
    pub next: Option<&'a str>,
    /// Why it is empty, in words, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub hint: Option<String>,
}

/// One child in a [`Tree`].
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TreeNode<'a> {
    /// Its last segment.
    pub name: &'a str,
    /// Its whole topic.
    pub path: &'a str,
    /// How many children it has itself.
    pub children: u64,
    /// Whether it has a value of its own.
    pub leaf: bool,
    /// The last value, if it has one.
    #[serde(flatten)]
    pub last: ListedValue<'a>,
}

/// Answer of `GET current`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Current<'a> {
    /// The place in the log the values are as of: `subscribe` from here misses nothing (NS-39).
    pub cursor: String,
    /// The values, by topic and field.
    pub values: Vec<Sample<'a>>,
    /// Where the next page starts.
    pub next: Option<&'a str>,
    /// Why it is empty, in words, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub hint: Option<String>,
}

/// Answer of `GET history`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct History<'a> {
    /// The topic asked for.
    pub topic: &'a str,
    /// The field asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'a str>,
    /// The unit of all these samples, where they have one in common.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub unit: Option<&'a str>,
    /// The samples, by time.
    pub samples: Vec<HistorySample<'a>>,
    /// Stretches of the log that could not be read, so that absence is told from silence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<HistoryGap<'a>>,
    /// Where the next page starts.
    pub next: Option<&'a str>,
    /// Why it is empty, in words, where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub hint: Option<String>,
}

/// One row of a [`History`].
#[derive(Clone, Copy, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistorySample<'a> {
    /// Source time, or the start of the bucket.
    pub timestamp: WireTime,
    /// The value, or the aggregate.
    pub value: WireValue<'a>,
    /// Its quality.
    pub quality: WireQuality,
    /// What a text also reads as: a number or a flag.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub reads_as: Option<ReadsAs>,
    /// Its unit, where not all samples of the page have the same. A bucket has a row for each unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub unit: Option<&'a str>,
}

/// A stretch of the log that history does not cover.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryGap<'a> {
    /// The place in the log where it begins.
    pub after: String,
    /// The place where it ends.
    pub until: String,
    /// Why: `retention`, `damage` or `lost`, where the log lost its newest files.
    pub reason: &'a str,
}

/// Answer of `GET search`.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchResults<'a> {
    /// What was found, in topic order.
    pub results: Vec<SearchHit<'a>>,
    /// Pass as `after` for the next page; `null` on the last. A page that is not full may have a next
    /// one where there are very many topics.
    pub next: Option<&'a str>,
}

/// One node or field found.
#[derive(Clone, PartialEq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SearchHit<'a> {
    /// Its last segment.
    pub name: &'a str,
    /// Its whole topic.
    pub path: &'a str,
    /// The field, where its name and not the topic alone has all words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub field: Option<&'a str>,
    /// The last value, if it has one.
    #[serde(flatten)]
    pub last: ListedValue<'a>,
}

/// Answer of `DELETE nodes`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deleted {
    /// How many nodes are gone.
    pub deleted: u64,
    /// With `purge`: whether their samples are out of memory and out of every file by now. Where not,
    /// that goes on until `uns_history_purging` on `/metrics` is 0. The log drops what it has of them
    /// with its retention (`log.keep`).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, nullable = false)]
    pub purged: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use uns_model::{Quality, Timestamp, Value};

    fn check(body: &impl Serialize, expected: &Expect) {
        expected.assert_eq(&serde_json::to_string(body).unwrap());
    }

    #[test]
    fn answers_have_the_documented_shape() {
        let value = WireValue { value: &Value::Float(23.0), quality: Quality::GOOD };
        let quality = WireQuality(Quality::GOOD);
        let timestamp = WireTime(Timestamp(1_795_262_400_000_000_000));
        let branch = TreeNode {
            name: "a",
            path: "x/a",
            children: 2,
            leaf: false,
            last: ListedValue::default(),
        };
        let float = Value::Float(23.0);
        let time = timestamp.0;
        let last = ListedValue::new((&float, None), Quality::GOOD, time, Some("Cel"));
        let leaf = TreeNode { leaf: true, last, ..branch.clone() };
        let hit = SearchHit { name: "a", path: "x/a", field: None, last };
        check(
            &SearchResults { results: vec![hit], next: None },
            &expect![[
                r#"{"results":[{"name":"a","path":"x/a","value":23.0,"quality":"Good","timestamp":"2026-11-21T12:00:00Z","unit":"Cel"}],"next":null}"#
            ]],
        );
        check(
            &Tree { path: "x", children: vec![branch, leaf], next: None, hint: None },
            &expect![[
                r#"{"path":"x","children":[{"name":"a","path":"x/a","children":2,"leaf":false},{"name":"a","path":"x/a","children":2,"leaf":true,"value":23.0,"quality":"Good","timestamp":"2026-11-21T12:00:00Z","unit":"Cel"}],"next":null}"#
            ]],
        );
        let sample = Sample::new(("x", Some("f")), (&float, Quality::GOOD), time, 5);
        check(
            &Current { cursor: "9".into(), values: vec![sample], next: Some("x"), hint: None },
            &expect![[
                r#"{"cursor":"9","values":[{"topic":"x","field":"f","value":23.0,"quality":"Good","timestamp":"2026-11-21T12:00:00Z","sequence":5}],"next":"x"}"#
            ]],
        );
        let history = History {
            topic: "x",
            field: None,
            unit: None,
            samples: vec![HistorySample { timestamp, value, quality, reads_as: None, unit: None }],
            gaps: Vec::new(),
            next: None,
            hint: None,
        };
        check(
            &history,
            &expect![[
                r#"{"topic":"x","samples":[{"timestamp":"2026-11-21T12:00:00Z","value":23.0,"quality":"Good"}],"next":null}"#
            ]],
        );
        let gaps = vec![HistoryGap { after: "3".into(), until: "8".into(), reason: "damage" }];
        check(
            &History { samples: Vec::new(), gaps, field: Some("f"), ..history },
            &expect![[
                r#"{"topic":"x","field":"f","samples":[],"gaps":[{"after":"3","until":"8","reason":"damage"}],"next":null}"#
            ]],
        );
        check(&Deleted { deleted: 3, purged: None }, &expect![[r#"{"deleted":3}"#]]);
    }

    #[test]
    fn every_body_describes_itself() {
        use utoipa::PartialSchema;
        let text = serde_json::to_string(&Current::schema()).unwrap();
        assert!(text.contains("\"cursor\"") && text.contains("\"values\""), "{text}");
        let text = serde_json::to_string(&Sample::schema()).unwrap();
        // Referred to: beside a description an inlined string would have to be an object too.
        for part in ["Value", "Quality", "Timestamp"] {
            assert!(text.contains(&format!("#/components/schemas/{part}")), "{text}");
        }
        let text = serde_json::to_string(&ListedValue::schema()).unwrap();
        assert!(!text.contains("\"oneOf\""), "absent is not null: {text}");
        let mut parts = Vec::new();
        <Current<'_> as utoipa::ToSchema>::schemas(&mut parts);
        let names: Vec<_> = parts.iter().map(|(name, _)| name.as_str()).collect();
        assert!(
            ["Sample", "Value", "Quality", "Timestamp"].iter().all(|n| names.contains(n)),
            "{names:?}"
        );
    }
}
