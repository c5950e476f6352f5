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
    /// The first will that is due after a start is published by nobody.
    LosesWillsDueAtStart,
    /// After a start a will that stands beside a newer one of its session is published by nobody.
    LosesWillsBesideNewerOnes,
    /// What an ended session left to its share goes to nobody.
    LosesWhatIsLeft,
    /// What a share gave to a connection is owed to nobody.
    LosesOwedToConnections,
    /// PUBREL never reaches the subscriber.
    LosesReleases,
    /// A retained message comes behind a newer one of its topic.
    RetainedComesLate,
    /// The namespace does not see some frames.
    NamespaceSkipsFrames,
    /// The ledger does not see some frames.
    LedgerSkipsFrames,
    /// A topic that two batches introduce becomes two nodes.
    MintsTwice,
    /// The log is not told that one node of a branch is deleted.
    DeletionForgetsANode,
    /// History does not see some frames, and its cursor passes them.
    HistorySkipsFrames,
    /// History reads again what is in its files.
    HistoryReadsAgain,
    /// What is purged is the history of another node.
    HistoryPurgesAnother,
    /// Files of history, and their names, are listed before they are synced.
    HistoryDoesNotSync,
    /// Files of history have no name yet when the catalog lists them and the cursor passes them.
    HistoryListsFilesEarly,
    /// The log does not know what the namespace has not made durable.
    NamespaceHoldsNothing,
    /// The log does not know what the ledger has not made durable, or still owes: messages and marks.
    LedgerHoldsNothing,
    /// The log does not know what history has no files of.
    HistoryHoldsNothing,
    /// Marks say that somebody works, and not how far it is.
    MarksSayNothing,
    /// Whoever was taken over may go on.
    OlderEpochsPass,
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
        Self::LosesWillsDueAtStart,
        Self::LosesWillsBesideNewerOnes,
        Self::LosesWhatIsLeft,
        Self::LosesOwedToConnections,
        Self::LosesReleases,
        Self::RetainedComesLate,
        Self::NamespaceSkipsFrames,
        Self::LedgerSkipsFrames,
        Self::MintsTwice,
        Self::DeletionForgetsANode,
        Self::HistorySkipsFrames,
        Self::HistoryReadsAgain,
        Self::HistoryPurgesAnother,
        Self::HistoryDoesNotSync,
        Self::HistoryListsFilesEarly,
        Self::NamespaceHoldsNothing,
        Self::LedgerHoldsNothing,
        Self::HistoryHoldsNothing,
        Self::MarksSayNothing,
        Self::OlderEpochsPass,
    ];

    /// Whether it shows only where retention drops segments, as in every fourth history.
    #[must_use]
    pub fn needs_retention(self) -> bool {
        use Fault::{HistoryHoldsNothing, LedgerHoldsNothing, NamespaceHoldsNothing};
        matches!(self, NamespaceHoldsNothing | LedgerHoldsNothing | HistoryHoldsNothing)
    }

    /// Whether files of history are not what they should be, and somebody finds out.
    pub(crate) fn damages_history(self) -> bool {
        matches!(self, Self::HistoryDoesNotSync | Self::HistoryListsFilesEarly)
    }
}
