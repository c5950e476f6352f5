//! How much of something somebody's rights cover.

/// How much of a filter, or of what lies below a path, somebody may read or publish.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Coverage {
    /// Nothing of it, whatever it matches.
    None,
    /// Some of it, depending on the topic.
    Part,
    /// Everything it matches.
    All,
}
