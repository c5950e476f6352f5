//! Topics as MQTT has them, and the planes they lie on (namespace sections 1 and 2).

use crate::TopicError;

/// The longest string MQTT's two-byte length can carry.
pub(crate) const TOPIC_BYTES_MAX: usize = 65_535;

/// What is said to whoever may not publish to a topic. It is said in one form wherever it is
/// decided, since a refusal that would tell of a topic its publisher may not read says the same.
pub const NO_RIGHT_TO_PUBLISH: &str =
    "no rule lets its publisher publish to this topic: allow it in access.toml, or leave it out";

/// Checks what MQTT 3.1.1 and 5 ask of a topic name: 1 to 65,535 bytes, no wildcard, no NUL.
pub fn validate_publish_topic(topic: &str) -> Result<(), TopicError> {
    if topic.is_empty() {
        return Err(TopicError::Empty);
    }
    if topic.len() > TOPIC_BYTES_MAX {
        return Err(TopicError::TooLong { bytes: topic.len(), max: TOPIC_BYTES_MAX });
    }
    match topic.bytes().position(|byte| matches!(byte, b'+' | b'#' | 0)) {
        None => Ok(()),
        Some(at) if topic.as_bytes()[at] == 0 => Err(TopicError::Nul { at }),
        Some(at) => Err(TopicError::Wildcard { at }),
    }
}

/// What a topic is for, told by its first levels.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Plane {
    /// `uns/v1/`: telemetry, state, events, documents.
    Data,
    /// `unsm/v1/`: the descriptor of the same path.
    Descriptor,
    /// `unsc/v1/`: commands to the same path.
    Command,
    /// `$SYS`, `$uns`, `$replay`, `$asof`, `$sparkplug`, and `$share` and `$queue`, which are the
    /// beginnings of filters: written by the fabric alone.
    Fabric,
    /// Any other `$…`, as devices built for a cloud publish (`$aws/…`, `$iothub/…`): plain MQTT.
    Foreign,
    /// `spBv1.0/`: Sparkplug B.
    Sparkplug,
    /// Another version of our own prefixes: refused.
    OtherVersion,
    /// Everything else: data as plants publish it today.
    Brownfield,
}

/// First levels that no client publishes to (NS-2).
const RESERVED: [&str; 7] = ["$SYS", "$uns", "$replay", "$asof", "$sparkplug", "$share", "$queue"];

impl Plane {
    /// The plane of a topic.
    pub fn of(topic: &str) -> Self {
        Self::split(topic).0
    }

    /// The plane of a topic and the path on it: below the prefix on our own three planes, the
    /// whole topic elsewhere. `uns/v1` alone is on its plane with an empty path.
    pub fn split(topic: &str) -> (Self, &str) {
        if topic.starts_with('$') {
            let first = topic.split_once('/').map_or(topic, |(first, _)| first);
            let ours = RESERVED.contains(&first);
            return (if ours { Self::Fabric } else { Self::Foreign }, topic);
        }
        let Some((first, rest)) = topic.split_once('/') else {
            return (Self::Brownfield, topic);
        };
        let plane = match first {
            "uns" => Self::Data,
            "unsm" => Self::Descriptor,
            "unsc" => Self::Command,
            "spBv1.0" => return (Self::Sparkplug, topic),
            _ => return (Self::Brownfield, topic),
        };
        let (version, path) = rest.split_once('/').unwrap_or((rest, ""));
        match version.strip_prefix('v') {
            Some("1") => (plane, path),
            Some(number) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                (Self::OtherVersion, topic)
            }
            Some(_) | None => (Self::Brownfield, topic),
        }
    }

    /// Whether a topic of this plane is a node with last value and history of its own (NS-1).
    pub fn is_data(self) -> bool {
        matches!(self, Self::Data | Self::Brownfield)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mqtt_decides_what_a_topic_is() {
        assert_eq!(validate_publish_topic("a//b/ \u{e9}"), Ok(()));
        assert_eq!(validate_publish_topic("/"), Ok(()));
        assert_eq!(validate_publish_topic(""), Err(TopicError::Empty));
        assert_eq!(validate_publish_topic("a/+"), Err(TopicError::Wildcard { at: 2 }));
        assert_eq!(validate_publish_topic("a#"), Err(TopicError::Wildcard { at: 1 }));
        assert_eq!(validate_publish_topic("a\0"), Err(TopicError::Nul { at: 1 }));
        assert_eq!(validate_publish_topic(&"x".repeat(65_535)), Ok(()));
        assert!(validate_publish_topic(&"x".repeat(65_536)).is_err());
    }

    #[test]
    fn planes_are_told_by_their_prefix() {
        use Plane::{
            Brownfield, Command, Data, Descriptor, Fabric, Foreign, OtherVersion, Sparkplug,
        };
        for (topic, plane, path) in [
            ("uns/v1/acme/berlin", Data, "acme/berlin"),
            ("unsm/v1/acme", Descriptor, "acme"),
            ("unsc/v1/acme/pump", Command, "acme/pump"),
            ("uns/v1", Data, ""),
            ("uns/v1/", Data, ""),
            ("uns/v2/acme", OtherVersion, "uns/v2/acme"),
            ("unsc/v10", OtherVersion, "unsc/v10"),
            ("$SYS/broker", Fabric, "$SYS/broker"),
            ("$uns/dead/x", Fabric, "$uns/dead/x"),
            ("$share", Fabric, "$share"),
            ("$queue/a", Fabric, "$queue/a"),
            ("$aws/things/press", Foreign, "$aws/things/press"),
            ("$SYSTEM/x", Foreign, "$SYSTEM/x"),
            ("$", Foreign, "$"),
            ("spBv1.0/G/NBIRTH/E", Sparkplug, "spBv1.0/G/NBIRTH/E"),
            ("uns", Brownfield, "uns"),
            ("uns/plant/line", Brownfield, "uns/plant/line"),
            ("uns/vacuum", Brownfield, "uns/vacuum"),
            ("uns/v", Brownfield, "uns/v"),
            ("/uns/v1/x", Brownfield, "/uns/v1/x"),
            ("Enterprise/Site/Area", Brownfield, "Enterprise/Site/Area"),
        ] {
            assert_eq!(Plane::split(topic), (plane, path), "{topic}");
        }
    }
}
