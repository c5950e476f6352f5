//! The names that accounts may have.

/// Whether this can be the name of an account.
pub(crate) fn is_account_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= 128 && !name.chars().any(char::is_control)
}
