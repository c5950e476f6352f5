//! Topic filters: parsing, matching, and their spelling in a URL.

use std::fmt;
use std::sync::Arc;

use crate::FilterError;
use crate::topic::TOPIC_BYTES_MAX;

/// A valid MQTT topic filter.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filter(Arc<str>);

/// A level as it is called: where only backslashes precede a wildcard of URLs, the first is taken
/// off.
fn literal(level: &str) -> &str {
    let bare = level.trim_start_matches('\\');
    match level.strip_prefix('\\') {
        Some(rest) if matches!(bare, "*" | "**") => rest,
        _ => level,
    }
}

impl Filter {
    /// Checks a filter: wildcards fill their level, `#` comes last.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.is_empty() {
            return Err(FilterError::Empty);
        }
        if text.len() > TOPIC_BYTES_MAX {
            return Err(FilterError::TooLong { bytes: text.len() });
        }
        if let Some(at) = text.bytes().position(|byte| byte == 0) {
            return Err(FilterError::Nul { at });
        }
        let mut at = 0;
        for level in text.split('/') {
            if level == "#" && at + 1 < text.len() {
                return Err(FilterError::HashNotLast { at });
            }
            if level.len() > 1 && level.contains(['+', '#']) {
                return Err(FilterError::PartialWildcard { at });
            }
            at += level.len() + 1;
        }
        Ok(Self(text.into()))
    }

    /// Reads the spelling that survives a URL: a level `*` means `+`, `**` means `#`. A level that is
    /// called so is written with a backslash before it, as in `\*`.
    pub fn from_url(text: &str) -> Result<Self, FilterError> {
        let mut filter = String::with_capacity(text.len());
        for (index, level) in text.split('/').enumerate() {
            if index > 0 {
                filter.push('/');
            }
            filter.push_str(match level {
                "*" => "+",
                "**" => "#",
                other => literal(other),
            });
        }
        Self::parse(&filter)
    }

    /// Whether a publish to this topic reaches a subscriber of this filter. A filter that starts
    /// with a wildcard leaves topics alone that start with `$` (MQTT 5, 4.7.2).
    pub fn matches(&self, topic: &str) -> bool {
        if topic.starts_with('$') && self.0.starts_with(['+', '#']) {
            return false;
        }
        let mut levels = topic.split('/');
        for pattern in self.0.split('/') {
            if pattern == "#" {
                return true;
            }
            match levels.next() {
                Some(level) if pattern == "+" || pattern == level => {}
                Some(_) | None => return false,
            }
        }
        levels.next().is_none()
    }

    /// The filter in MQTT's spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the filter names one topic only.
    pub fn is_literal(&self) -> bool {
        !self.0.contains(['+', '#'])
    }

    /// The levels before the first wildcard, joined: every match lies at or below them.
    pub fn literal_prefix(&self) -> &str {
        match self.0.find(['+', '#']) {
            None => &self.0,
            Some(at) => self.0.get(..at.saturating_sub(1)).unwrap_or_default(),
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parsing_refuses_what_mqtt_forbids() {
        for good in ["#", "+", "/", "+/+", "/+", "a/#", "a//b", "$share/g/a/+", "*", "a b"] {
            assert!(Filter::parse(good).is_ok(), "{good}");
        }
        assert_eq!(Filter::parse(""), Err(FilterError::Empty));
        assert_eq!(Filter::parse("a/#/b"), Err(FilterError::HashNotLast { at: 2 }));
        assert_eq!(Filter::parse("#/"), Err(FilterError::HashNotLast { at: 0 }));
        assert_eq!(Filter::parse("a/b+"), Err(FilterError::PartialWildcard { at: 2 }));
        assert_eq!(Filter::parse("a#"), Err(FilterError::PartialWildcard { at: 0 }));
        assert_eq!(Filter::parse("a/##"), Err(FilterError::PartialWildcard { at: 2 }));
        assert_eq!(Filter::parse("a\0"), Err(FilterError::Nul { at: 1 }));
    }

    #[test]
    fn matching_follows_the_examples_of_the_standard() {
        for (filter, topic, expected) in [
            ("sport/tennis/player1/#", "sport/tennis/player1", true),
            ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
            ("sport/#", "sport", true),
            ("#", "sport", true),
            ("sport/tennis/+", "sport/tennis/player1/ranking", false),
            ("sport/+", "sport", false),
            ("sport/+", "sport/", true),
            ("+/+", "/finance", true),
            ("/+", "/finance", true),
            ("+", "/finance", false),
            ("#", "$SYS/broker", false),
            ("+/broker", "$SYS/broker", false),
            ("$SYS/#", "$SYS/broker", true),
            ("a/+/#", "a", false),
            ("a/+/#", "a/b", true),
        ] {
            let found = Filter::parse(filter).unwrap().matches(topic);
            assert_eq!(found, expected, "{filter} on {topic}");
        }
    }

    #[test]
    fn urls_have_their_own_wildcards() {
        assert_eq!(Filter::from_url("uns/v1/*/x/**").unwrap().as_str(), "uns/v1/+/x/#");
        assert_eq!(Filter::from_url("a*/b").unwrap().as_str(), "a*/b");
        assert!(Filter::from_url("**/a").is_err());
        // A level that is called so.
        for (url, literal) in [(r"a/\*/b", "a/*/b"), (r"a/\**", "a/**"), (r"\\*", r"\*")] {
            let filter = Filter::from_url(url).unwrap();
            assert!(filter.as_str() == literal && filter.is_literal(), "{url}");
        }
        assert_eq!(Filter::from_url(r"a\/\b/\*x").unwrap().as_str(), r"a\/\b/\*x");
    }

    #[test]
    fn the_literal_prefix_stops_before_the_first_wildcard() {
        for (filter, prefix) in [("a/b", "a/b"), ("a/+/b", "a"), ("a/b/#", "a/b"), ("#", "")] {
            let filter = Filter::parse(filter).unwrap();
            assert_eq!(filter.literal_prefix(), prefix);
            assert_eq!(filter.is_literal(), filter.as_str() == prefix);
        }
    }

    /// The definition, on lists of levels.
    fn naive(filter: &[&str], topic: &[&str]) -> bool {
        match (filter.split_first(), topic.split_first()) {
            (None, None) | (Some((&"#", _)), _) => true,
            (Some((&"+", filter)), Some((_, topic))) => naive(filter, topic),
            (Some((a, filter)), Some((b, topic))) => a == b && naive(filter, topic),
            (None, Some(_)) | (Some(_), None) => false,
        }
    }

    proptest! {
        #[test]
        fn matching_equals_the_definition(
            filter in prop::collection::vec("[ab+]|", 1..6),
            hash: bool,
            topic in prop::collection::vec("[ab$]|", 1..6),
        ) {
            let mut filter: Vec<&str> = filter.iter().map(String::as_str).collect();
            if hash {
                filter.push("#");
            }
            let topic: Vec<&str> = topic.iter().map(String::as_str).collect();
            let (text, name) = (filter.join("/"), topic.join("/"));
            if text.is_empty() || name.is_empty() {
                return Ok(());
            }
            let hidden = name.starts_with('$') && matches!(filter[0], "+" | "#");
            prop_assert_eq!(
                Filter::parse(&text).unwrap().matches(&name),
                naive(&filter, &topic) && !hidden
            );
        }

        #[test]
        fn urls_spell_every_filter(filter in "([ab+]/){0,4}[ab+#]") {
            let parsed = Filter::parse(&filter).unwrap();
            let url = filter.replace('+', "*").replace('#', "**");
            prop_assert_eq!(Filter::from_url(&url).unwrap(), parsed);
        }
    }
}
