//! Somebody who is not connected, as the log knows them: their account, and what else it takes to find
//! their rights again when a will they left is due.

use std::borrow::Cow;

use uns_model::OrgId;

/// Between the account and what is noted beside it: a control character, which no name has.
const BESIDE: char = '\u{2}';

/// Somebody who left a will.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Absent<'a> {
    /// The organisation.
    pub org: OrgId,
    /// The client id.
    pub client_id: &'a str,
    /// The account ([`Identity::account`](crate::Identity::account)); `None` for a client without a log-in.
    pub account: Option<&'a str>,
    /// What [`Access::noted`](crate::Access::noted) said of their rights.
    pub noted: Option<&'a str>,
}

impl<'a> Absent<'a> {
    /// A client that left a will, by the owner that the log names.
    pub(crate) fn new(org: OrgId, client_id: &'a str, owner: Option<&'a str>) -> Self {
        let (account, noted) = owner.map_or((None, None), |owner| {
            let (account, noted) = split(owner);
            (Some(account), noted)
        });
        Self { org, client_id, account, noted }
    }
}

/// The account of an owner in the log, and what is noted beside it.
fn split(owner: &str) -> (&str, Option<&str>) {
    owner.rsplit_once(BESIDE).map_or((owner, None), |(account, noted)| (account, Some(noted)))
}

/// The account of an owner in the log.
pub(crate) fn account(owner: &str) -> &str {
    split(owner).0
}

/// An owner as the log names it: the account, and what is noted beside it.
pub(crate) fn owner<'a>(account: &'a str, noted: Option<&str>) -> Cow<'a, str> {
    match noted.filter(|noted| !noted.contains(BESIDE)) {
        Some(noted) => format!("{account}{BESIDE}{noted}").into(),
        None => account.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_is_an_account_and_what_is_noted_beside_it() {
        for (account, noted) in [
            ("press7", None),
            ("\u{1}token\u{1}idp\u{1}anna", Some("{\"roles\":[]}")),
            ("press7", Some("")),
        ] {
            let owner = owner(account, noted);
            assert_eq!(super::account(&owner), account);
            let absent = Absent::new(OrgId::DEFAULT, "c", Some(&owner));
            assert_eq!((absent.account, absent.noted), (Some(account), noted));
        }
        assert_eq!(owner("a", Some("b\u{2}c")), "a", "what cannot be told apart is not noted");
        assert_eq!(Absent::new(OrgId::DEFAULT, "c", None).account, None);
    }
}
