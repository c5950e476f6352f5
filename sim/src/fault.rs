//! Mistakes built in on purpose.

/// A mistake that an auditor has to find.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// Whoever waits for a commit is told before it.
    AcknowledgesBeforeCommit,
    /// The disk claims to have synced and has not.
    DiskLiesAboutSync,
    /// A commit is answered, and visible, and its frame is synced with the next one.
    AnswersBeforeSync,
    /// Checkpoints, and their names, are not synced when the log lets go of what they stand for.
    CheckpointsAreNotSynced,
    /// The catalog of history is not synced when the log lets go of what it lists.
    CatalogIsNotSynced,
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
    /// What is published to a topic whose node was deleted goes to that one.
    PublishesToTheDeleted,
    /// History takes every deletion for a purge.
    HistoryPurgesAlways,
    /// History takes no deletion for a purge.
    HistoryPurgesNever,
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
    /// Where the newest checkpoint of a fold is gone, so is the one before.
    OlderCheckpointsGoToo,
    /// A hub without the catalog of history has none of its files either.
    FilesGoWithTheCatalog,
    /// Records that are damaged in the log are left out without a word.
    DamageIsNotNamed,
    /// Of records that are damaged in the log, sound ones beside them are named too.
    DamageIsNamedTooWide,
    /// Ingest times go back where the clock is set back.
    IngestFollowsTheClock,
    /// What waits for a while waits until the clock shows so much more, wherever it is set.
    TimersFollowTheClock,
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
        Self::AnswersBeforeSync,
        Self::CheckpointsAreNotSynced,
        Self::CatalogIsNotSynced,
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
        Self::PublishesToTheDeleted,
        Self::HistoryPurgesAlways,
        Self::HistoryPurgesNever,
        Self::HistorySkipsFrames,
        Self::HistoryReadsAgain,
        Self::HistoryPurgesAnother,
        Self::HistoryDoesNotSync,
        Self::HistoryListsFilesEarly,
        Self::NamespaceHoldsNothing,
        Self::LedgerHoldsNothing,
        Self::HistoryHoldsNothing,
        Self::OlderCheckpointsGoToo,
        Self::FilesGoWithTheCatalog,
        Self::DamageIsNotNamed,
        Self::DamageIsNamedTooWide,
        Self::IngestFollowsTheClock,
        Self::TimersFollowTheClock,
        Self::MarksSayNothing,
        Self::OlderEpochsPass,
    ];

    /// Whether it shows only where retention drops segments, as in every fourth history.
    #[must_use]
    pub fn needs_retention(self) -> bool {
        use Fault::{
            CatalogIsNotSynced, CheckpointsAreNotSynced, HistoryHoldsNothing, LedgerHoldsNothing,
            NamespaceHoldsNothing, OlderCheckpointsGoToo,
        };
        let holds_nothing =
            matches!(self, NamespaceHoldsNothing | LedgerHoldsNothing | HistoryHoldsNothing);
        let is_not_there = [CheckpointsAreNotSynced, CatalogIsNotSynced, OlderCheckpointsGoToo];
        holds_nothing || is_not_there.contains(&self)
    }

    /// Whether files of history are not what they should be, and somebody finds out.
    pub(crate) fn damages_history(self) -> bool {
        matches!(self, Self::HistoryDoesNotSync | Self::HistoryListsFilesEarly)
    }
}
