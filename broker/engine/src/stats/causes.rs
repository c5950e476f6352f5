//! Why something was lost, refused or ended: each cause has a stable name in metrics.

use broker_codec::ReasonCode;

/// Why a message did not reach a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Drop {
    /// QoS 0, and the client's output was full.
    OutputFull,
    /// QoS 1, and the client's queue was full.
    QueueFull,
    /// It was larger than the client's Maximum Packet Size.
    TooLarge,
    /// It expired in the queue.
    Expired,
    /// Its client left before it could be sent.
    ClientGone,
    /// It was owed to a session whose client may not receive it any more.
    NotAuthorized,
}

impl Drop {
    /// Every cause.
    pub const ALL: [Self; 6] = [
        Self::OutputFull,
        Self::QueueFull,
        Self::TooLarge,
        Self::Expired,
        Self::ClientGone,
        Self::NotAuthorized,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::OutputFull => "output_full",
            Self::QueueFull => "queue_full",
            Self::TooLarge => "packet_too_large",
            Self::Expired => "expired",
            Self::ClientGone => "client_gone",
            Self::NotAuthorized => "not_authorized",
        }
    }
}

/// A rate that made a publisher wait, or a quota that refused something.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Limit {
    /// What one client may publish in a second.
    ClientRate,
    /// What one organisation may publish in a second.
    OrganisationRate,
    /// Sessions, of all or of one organisation.
    Sessions,
    /// Subscriptions of one client or one organisation.
    Subscriptions,
    /// Retained messages, of all or of one organisation.
    Retained,
    /// The memory of the process.
    Memory,
}

impl Limit {
    /// Every limit.
    pub const ALL: [Self; 6] = [
        Self::ClientRate,
        Self::OrganisationRate,
        Self::Sessions,
        Self::Subscriptions,
        Self::Retained,
        Self::Memory,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::ClientRate => "client_rate",
            Self::OrganisationRate => "organisation_rate",
            Self::Sessions => "sessions",
            Self::Subscriptions => "subscriptions",
            Self::Retained => "retained",
            Self::Memory => "memory",
        }
    }
}

/// How the connection of a client ended, or why its CONNECT was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum End {
    /// The client said good-bye.
    Client,
    /// The socket was gone without a good-bye.
    Lost,
    /// The client was silent for longer than its keep alive allows.
    KeepAlive,
    /// CONNECT did not come in time, or the client took nothing for too long.
    Timeout,
    /// Another connection has its client id now.
    TakenOver,
    /// An operator ended it, or its rights were withdrawn.
    Administrative,
    /// The broker stops.
    Shutdown,
    /// Its bytes are not MQTT, or against its rules.
    Protocol,
    /// Its version of MQTT is not spoken here.
    Version,
    /// Its client id is not allowed.
    ClientId,
    /// User name and password, or their method, are wrong.
    Credentials,
    /// It may not do this.
    NotAuthorized,
    /// It is beyond a limit: rate, size, quota, number of connections.
    Limit,
    /// The hub panicked while it served it.
    Panic,
}

impl End {
    /// Every cause.
    pub const ALL: [Self; 14] = [
        Self::Client,
        Self::Lost,
        Self::KeepAlive,
        Self::Timeout,
        Self::TakenOver,
        Self::Administrative,
        Self::Shutdown,
        Self::Protocol,
        Self::Version,
        Self::ClientId,
        Self::Credentials,
        Self::NotAuthorized,
        Self::Limit,
        Self::Panic,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Lost => "lost",
            Self::KeepAlive => "keep_alive",
            Self::Timeout => "timeout",
            Self::TakenOver => "taken_over",
            Self::Administrative => "administrative",
            Self::Shutdown => "shutdown",
            Self::Protocol => "protocol",
            Self::Version => "protocol_version",
            Self::ClientId => "client_id",
            Self::Credentials => "credentials",
            Self::NotAuthorized => "not_authorized",
            Self::Limit => "limit",
            Self::Panic => "panic",
        }
    }

    /// The cause behind a reason the broker gives.
    pub(crate) fn of(reason: ReasonCode) -> Self {
        use ReasonCode as R;
        match reason {
            R::KeepAliveTimeout => Self::KeepAlive,
            R::MaximumConnectTime => Self::Timeout,
            R::SessionTakenOver => Self::TakenOver,
            R::AdministrativeAction => Self::Administrative,
            R::ServerShuttingDown => Self::Shutdown,
            R::UnsupportedProtocolVersion => Self::Version,
            R::ClientIdentifierNotValid => Self::ClientId,
            R::BadUserNameOrPassword | R::BadAuthenticationMethod => Self::Credentials,
            R::NotAuthorized | R::Banned => Self::NotAuthorized,
            R::ServerBusy
            | R::ServerUnavailable
            | R::ReceiveMaximumExceeded
            | R::PacketTooLarge
            | R::MessageRateTooHigh
            | R::QuotaExceeded
            | R::ConnectionRateExceeded => Self::Limit,
            _ => Self::Protocol,
        }
    }
}

/// A fault against the rules of MQTT that real devices are known for, and that a lenient listener
/// passes over (TRAP-28a).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Leniency {
    /// PUBREC for a delivery of QoS 1, PUBACK or PUBCOMP for one of the other QoS.
    AckKind,
    /// More publishes unacknowledged than CONNACK allows.
    ReceiveMaximum,
    /// PUBLISH at QoS 0 with the DUP flag.
    DupAtQosZero,
    /// Wrong flags in the first byte of another packet.
    HeaderFlags,
}

impl Leniency {
    /// Every fault.
    pub const ALL: [Self; 4] =
        [Self::AckKind, Self::ReceiveMaximum, Self::DupAtQosZero, Self::HeaderFlags];

    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::AckKind => "acknowledgement_kind",
            Self::ReceiveMaximum => "receive_maximum",
            Self::DupAtQosZero => "dup_at_qos_0",
            Self::HeaderFlags => "header_flags",
        }
    }
}

/// Why a log-in failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum LoginFailure {
    /// User name or password are wrong.
    Credentials,
    /// The client may not connect, or not to this listener.
    NotAuthorized,
    /// The authentication method is not known.
    Method,
    /// Too many log-ins wait to be verified.
    Busy,
    /// Too many failed before from the same place.
    Guessing,
    /// The client took too long in enhanced authentication, or broke its rules.
    Exchange,
    /// Any other reason.
    Other,
}

impl LoginFailure {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Credentials,
        Self::NotAuthorized,
        Self::Method,
        Self::Busy,
        Self::Guessing,
        Self::Exchange,
        Self::Other,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Credentials => "bad_credentials",
            Self::NotAuthorized => "not_authorized",
            Self::Method => "bad_method",
            Self::Busy => "busy",
            Self::Guessing => "guessing",
            Self::Exchange => "exchange",
            Self::Other => "other",
        }
    }

    /// The failure behind what CONNACK says.
    pub(crate) fn of(reason: ReasonCode) -> Self {
        match reason {
            ReasonCode::BadUserNameOrPassword => Self::Credentials,
            ReasonCode::NotAuthorized | ReasonCode::Banned => Self::NotAuthorized,
            ReasonCode::BadAuthenticationMethod => Self::Method,
            ReasonCode::ServerBusy => Self::Busy,
            _ => Self::Other,
        }
    }

    /// Whether it is about who the client is, not about the hub.
    pub(crate) fn is_of_client(self) -> bool {
        !matches!(self, Self::Busy | Self::Other)
    }
}
