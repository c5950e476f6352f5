//! Accounts as the command line gives and prints them.

/// The rights of a device or user that is to be added.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountRights<'a> {
    /// Filters for publishing and subscribing.
    pub allow: &'a [String],
    /// Filters for publishing.
    pub publish: &'a [String],
    /// Filters for subscribing.
    pub subscribe: &'a [String],
    /// Roles.
    pub roles: &'a [String],
}

/// An account in a list for people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedAccount {
    /// Its name.
    pub name: String,
    /// Its rules as they stand in the file.
    pub rules: String,
}
