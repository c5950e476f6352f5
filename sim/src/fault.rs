//! Mistakes built in on purpose.

/// A mistake that an auditor has to find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Whoever waits for a commit is told before it.
    AcknowledgesBeforeCommit,
    /// The disk claims to have synced and has not.
    DiskLiesAboutSync,
    /// QoS 2 packet ids of clients are not noted.
    ForgetsWhatItTook,
    /// The release of QoS 2 packet ids of clients is not noted.
    KeepsWhatWasReleased,
    /// What was acknowledged by a client is not noted.
    NeverSettles,
    /// Now and then nobody is told whom a message is owed to.
    LosesOwed,
    /// The end of a will does not say which one.
    EndsWhicheverWill,
    /// A will that is due is published whatever its account may do by then.
    ForgetsWhoseWill,
    /// What an ended session left to its share goes to nobody.
    LosesWhatIsLeft,
    /// PUBREL never reaches the subscriber.
    LosesReleases,
    /// The namespace does not see some frames.
    NamespaceSkipsFrames,
    /// The ledger does not see some frames.
    LedgerSkipsFrames,
}

impl Fault {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::AcknowledgesBeforeCommit,
        Self::DiskLiesAboutSync,
        Self::ForgetsWhatItTook,
        Self::KeepsWhatWasReleased,
        Self::NeverSettles,
        Self::LosesOwed,
        Self::EndsWhicheverWill,
        Self::ForgetsWhoseWill,
        Self::LosesWhatIsLeft,
        Self::LosesReleases,
        Self::NamespaceSkipsFrames,
        Self::LedgerSkipsFrames,
    ];
}
