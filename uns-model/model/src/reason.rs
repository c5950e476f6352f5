//! Why a publish is refused, by the stable names of namespace section 11, and what MQTT 5 and HTTP say
//! for each. Clients and alarms are built on them.

use std::fmt;

/// Why a publish is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Reason {
    /// The topic breaks MQTT or the grammar of its plane.
    TopicInvalid,
    /// A sibling differs in ASCII case only (NS-5).
    CaseCollision,
    /// The publisher may not publish here.
    NotAuthorized,
    /// No such node, and publishing does not make one (NS-7).
    NodeUnknown,
    /// The node moved and its alias has ended (NS-13).
    NodeMoved,
    /// The namespace is full.
    QuotaExceeded,
    /// The log takes no more: disk full, read-only, or its queue is at its limit.
    StorageFull,
    /// The hub is short of memory and takes nothing that would stay.
    MemoryFull,
    /// Another publisher holds the leaf (NS-30).
    WriterConflict,
    /// A command with RETAIN=1 (NS-3).
    CommandRetained,
    /// JSON that is broken (NS-22).
    PayloadMalformed,
    /// Longer than its kind may be (NS-22).
    PayloadTooLarge,
    /// The contract wants another datatype.
    ContractType,
    /// Outside the contract's hard range.
    ContractRange,
    /// Not of the contract's shape.
    ContractShape,
    /// The unit does not convert to the contract's.
    ContractUnit,
    /// The marker names no registered contract and a setting refuses that (NS-8).
    UnknownContract,
    /// A PUBREL names no publish that is under way. Not of section 11.
    PacketIdentifierUnknown,
    /// Another process has taken over what this one works on (PL-3). Not of section 11.
    Fenced,
}

impl Reason {
    /// Every reason, in the order of section 11; its place in it is `self as usize`, for tables of counts.
    pub const ALL: [Self; 19] = [
        Self::TopicInvalid,
        Self::CaseCollision,
        Self::NotAuthorized,
        Self::NodeUnknown,
        Self::NodeMoved,
        Self::QuotaExceeded,
        Self::StorageFull,
        Self::MemoryFull,
        Self::WriterConflict,
        Self::CommandRetained,
        Self::PayloadMalformed,
        Self::PayloadTooLarge,
        Self::ContractType,
        Self::ContractRange,
        Self::ContractShape,
        Self::ContractUnit,
        Self::UnknownContract,
        Self::PacketIdentifierUnknown,
        Self::Fenced,
    ];

    /// The stable name, as in `uns-reason` and `uns_rejected_total{reason}`.
    pub fn name(self) -> &'static str {
        match self {
            Self::TopicInvalid => "topic_invalid",
            Self::CaseCollision => "case_collision",
            Self::NotAuthorized => "not_authorized",
            Self::NodeUnknown => "node_unknown",
            Self::NodeMoved => "node_moved",
            Self::QuotaExceeded => "quota_exceeded",
            Self::StorageFull => "storage_full",
            Self::MemoryFull => "memory_full",
            Self::WriterConflict => "writer_conflict",
            Self::CommandRetained => "command_retained",
            Self::PayloadMalformed => "payload_malformed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::ContractType => "contract_type",
            Self::ContractRange => "contract_range",
            Self::ContractShape => "contract_shape",
            Self::ContractUnit => "contract_unit",
            Self::UnknownContract => "unknown_contract",
            Self::PacketIdentifierUnknown => "packet_identifier_unknown",
            Self::Fenced => "fenced",
        }
    }

    /// The MQTT 5 reason code of PUBACK and PUBREC.
    pub fn mqtt5(self) -> u8 {
        match self {
            Self::TopicInvalid | Self::CaseCollision | Self::NodeUnknown | Self::NodeMoved => 0x90,
            Self::NotAuthorized | Self::WriterConflict | Self::Fenced => 0x87,
            Self::QuotaExceeded | Self::StorageFull | Self::MemoryFull => 0x97,
            Self::CommandRetained => 0x83,
            Self::PayloadMalformed
            | Self::PayloadTooLarge
            | Self::ContractType
            | Self::ContractRange
            | Self::ContractShape
            | Self::ContractUnit
            | Self::UnknownContract => 0x99,
            Self::PacketIdentifierUnknown => 0x92,
        }
    }

    /// The HTTP status.
    pub fn http(self) -> u16 {
        match self {
            Self::TopicInvalid | Self::CaseCollision | Self::PayloadMalformed => 400,
            Self::NotAuthorized => 403,
            Self::NodeUnknown | Self::PacketIdentifierUnknown => 404,
            Self::NodeMoved => 410,
            Self::QuotaExceeded | Self::MemoryFull => 429,
            Self::StorageFull => 507,
            Self::WriterConflict | Self::Fenced => 409,
            Self::PayloadTooLarge => 413,
            Self::CommandRetained
            | Self::ContractType
            | Self::ContractRange
            | Self::ContractShape
            | Self::ContractUnit
            | Self::UnknownContract => 422,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_section_11() {
        let expected = [
            ("topic_invalid", 0x90, 400),
            ("case_collision", 0x90, 400),
            ("not_authorized", 0x87, 403),
            ("node_unknown", 0x90, 404),
            ("node_moved", 0x90, 410),
            ("quota_exceeded", 0x97, 429),
            ("storage_full", 0x97, 507),
            ("memory_full", 0x97, 429),
            ("writer_conflict", 0x87, 409),
            ("command_retained", 0x83, 422),
            ("payload_malformed", 0x99, 400),
            ("payload_too_large", 0x99, 413),
            ("contract_type", 0x99, 422),
            ("contract_range", 0x99, 422),
            ("contract_shape", 0x99, 422),
            ("contract_unit", 0x99, 422),
            ("unknown_contract", 0x99, 422),
            ("packet_identifier_unknown", 0x92, 404),
            ("fenced", 0x87, 409),
        ];
        let actual = Reason::ALL.map(|r| (r.name(), r.mqtt5(), r.http()));
        assert_eq!(actual, expected);
        for (place, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason as usize, place);
        }
    }
}
