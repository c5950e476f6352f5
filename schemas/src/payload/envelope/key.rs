//! The keys an envelope may have, in the spellings of those who write them (NS-19a).

/// A key that means something in an envelope.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) role: Role,
    /// One of its own among the keys there are; spellings of one key share it.
    place: u8,
}

/// What a key says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// The value, by a name that means nothing else.
    Value,
    /// The value, by a name that may also be a field like any other: `{"v":230,"a":5}`.
    ShortValue,
    /// A quality: a word, a flag, OPC DA's number or OPC UA's code. What is none of these may speak of
    /// something else, as a signal in percent, so it is a field as well.
    Quality,
    /// The same, by a name that may also be a field like any other where it is a number: the reactive
    /// power in `{"v":230,"i":5,"q":12}`.
    ShortQuality,
    /// Whether the value is good: true and 1, false and 0. Any other number is a count of good parts, and a
    /// field like any other.
    Flag,
    /// A quality by number, also of two bits: 0 is Bad, 1 Uncertain, 2 and 3 are Good.
    QualityCode,
    /// An OPC UA status code, by a name that may also be that of a machine: `{"value":100,"status":3}`.
    Status,
    /// An OPC UA status code.
    StatusCode,
    Time,
    /// A time, by a name that may also be a field like any other where it is a number that is no epoch:
    /// the temperature in `{"v":230,"t":21.5}`, how long a cycle took in `{"value":5,"time":12.5}`.
    ShortTime,
    /// A time, only where it is an epoch in nanoseconds (`origin` of EdgeX).
    Origin,
    /// A unit, or a field like any other where it is a number: pieces in `{"value":5,"units":12}`.
    Unit,
    /// A unit, by a name that may also be a field like any other unless it is a text.
    ShortUnit,
    Seq,
    Historical,
    /// What kind of number a text holds (`valueType` of EdgeX, `dataType` of others).
    ValueType,
    /// What the point is called where it is one of several; the lower the number, the better a name.
    Name(u8),
    /// The same, by a name that may also be a field like any other unless it is a text.
    ShortName(u8),
    /// No part of a point.
    Told,
}

impl Role {
    /// Whether it says a quality, of which there may be columns.
    pub(super) fn is_quality(self) -> bool {
        matches!(self, Self::Quality | Self::ShortQuality | Self::Flag | Self::QualityCode)
    }

    /// Whether it says a time, of which there may be columns.
    pub(super) fn is_time(self) -> bool {
        matches!(self, Self::Time | Self::ShortTime)
    }
}

impl Key {
    #[inline]
    pub(super) fn of(text: &str) -> Option<Self> {
        use Role::{
            Flag, Name, QualityCode, Seq, ShortName, ShortQuality, ShortTime, ShortUnit,
            ShortValue, Time, Told, Unit, Value,
        };
        // By length first: a name is then compared with a few others only.
        let (place, role) = match text.len() {
            1 => match text {
                "v" => (0, ShortValue),
                "t" => (1, ShortTime),
                "q" => (2, ShortQuality),
                "n" => (44, ShortName(2)),
                "u" => (45, ShortUnit),
                _ => return None,
            },
            2 => match text {
                "ts" => (3, Time),
                "qc" => (4, QualityCode),
                "id" | "Id" | "ID" => (5, Name(1)),
                _ => return None,
            },
            3 => match text {
                "val" => (6, ShortValue),
                "seq" => (7, Seq),
                "tag" | "Tag" | "TAG" => (8, Name(4)),
                "uom" | "Uom" | "UOM" => (9, Unit),
                "key" | "Key" => (46, ShortName(6)),
                _ => return None,
            },
            4 => match text {
                "time" => (10, ShortTime),
                "Time" => (11, ShortTime),
                "unit" | "Unit" | "UNIT" => (12, Unit),
                "good" => (13, Flag),
                "name" | "Name" | "NAME" => (14, Name(3)),
                "meta" => (15, Told),
                _ => return None,
            },
            5 => match text {
                "value" => (16, Value),
                "Value" => (17, Value),
                "units" | "Units" | "UNITS" => (18, Unit),
                _ => return None,
            },
            6 | 7 => return Self::of_six_or_seven(text),
            8 | 9 => return Self::of_eight_or_nine(text),
            _ => return Self::long(text),
        };
        Some(Self { role, place })
    }

    fn of_six_or_seven(text: &str) -> Option<Self> {
        let (place, role) = match text {
            "status" | "Status" => (19, Role::Status),
            "source" => (20, Role::Told),
            "origin" => (54, Role::Origin),
            "isNull" | "is_null" => (58, Role::Told),
            "NodeId" => (47, Role::Name(7)),
            "nodeId" => (48, Role::Name(7)),
            "quality" => (21, Role::Quality),
            "Quality" => (22, Role::Quality),
            "success" => (23, Role::Flag),
            "tagName" | "TagName" | "tagname" => (24, Role::Name(5)),
            "context" => (25, Role::Told),
            _ => return None,
        };
        Some(Self { role, place })
    }

    fn of_eight_or_nine(text: &str) -> Option<Self> {
        let (place, role) = match text {
            "datetime" => (26, Role::Time),
            "dataType" => (27, Role::ValueType),
            "datatype" => (28, Role::ValueType),
            "deviceID" => (29, Role::Told),
            "metadata" => (30, Role::Told),
            "timestamp" => (31, Role::Time),
            "Timestamp" => (32, Role::Time),
            "valueType" => (55, Role::ValueType),
            "tag_name" => (24, Role::Name(5)),
            _ => return None,
        };
        Some(Self { role, place })
    }

    fn long(text: &str) -> Option<Self> {
        let (place, role) = match text {
            "_timestamp" => (33, Role::Time),
            "timestamp_ms" => (34, Role::Time),
            "sourceTimestamp" => (35, Role::Time),
            "SourceTimestamp" => (36, Role::Time),
            "statusCode" => (37, Role::StatusCode),
            "StatusCode" => (38, Role::StatusCode),
            "historical" => (39, Role::Historical),
            "registerId" => (40, Role::Told),
            "deviceName" => (41, Role::Told),
            "profileName" => (56, Role::Told),
            "resourceName" => (57, Role::Name(0)),
            "present_value" => (42, Role::Value),
            "unit_of_measurement" => (43, Role::Unit),
            "DisplayName" => (49, Role::Name(8)),
            "EndpointUrl" => (50, Role::Told),
            "ApplicationUri" => (51, Role::Told),
            "ServerTimestamp" => (52, Role::Told),
            "serverTimestamp" => (53, Role::Told),
            _ => return None,
        };
        Some(Self { role, place })
    }

    /// A bit of its own.
    pub(super) fn bit(self) -> u64 {
        1 << self.place
    }

    /// Whether the top level of a document has its time under this name (NS-19b).
    pub(super) fn is_document_time(text: &str) -> bool {
        matches!(text, "tst" | "received_at")
            || Self::of(text).is_some_and(|key| key.role.is_time())
    }
}
