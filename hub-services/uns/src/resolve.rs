//! Paths without `uns/v1/` (UNS-1): tried as given first, then below the prefix.
//!
//! A brownfield name that exists always wins, so the short form never changes what a request means;
//! publishing takes topics as they are, since there a new name is a new node.

use hub_kit::services::{CurrentPage, HistoryPage, Page};
use hub_kit::{Caller, Refusal};
use uns_model::query::{CurrentQuery, HistoryQuery, TreeNode, TreeQuery};
use uns_model::{Filter, Plane};

use crate::hint;
use crate::service::Service;

const PREFIX: &str = "uns/v1";
/// The long form of a short path; `None` where the path has a prefix of its own.
pub(crate) fn completed(path: &str) -> Option<String> {
    let short = Plane::of(path) == Plane::Brownfield
        && !path.is_empty()
        && !path.starts_with(['/', '+', '#'])
        && path != "uns";
    short.then(|| format!("{PREFIX}/{path}"))
}

/// What a path may mean, in the order in which it is tried: a trailing slash is how people write a
/// folder, and also how a level without a name is written.
fn forms(given: &str) -> Vec<Option<String>> {
    let mut forms = vec![Some(given.to_owned())];
    forms.extend(completed(given).map(Some));
    match given.strip_suffix('/') {
        Some("") => forms.push(None),
        Some(folder) => {
            forms.push(Some(folder.to_owned()));
            forms.extend(completed(folder).map(Some));
        }
        None => {}
    }
    forms
}

impl Service {
    /// The topic that is meant, if a node lives on one of its forms that the caller may read.
    pub(crate) fn topic(&self, given: &str, caller: &Caller) -> Option<String> {
        let (live, org) = (&self.hub.live, self.hub.org);
        let lives = |topic: &String| {
            caller.rights.may_read(topic) && live.node_of_topic(org, topic).is_some()
        };
        Some(given.to_owned()).filter(lives).or_else(|| completed(given).filter(lives))
    }

    /// The page of the first form of the path that leads anywhere; of the path as given if none does.
    pub(crate) async fn tree(
        &self,
        query: TreeQuery,
        caller: &Caller,
    ) -> Result<(String, Page<TreeNode>), Refusal> {
        let live = |query| self.hub.live.tree(query, caller.rights.clone());
        let Some(given) = query.path.clone() else {
            return Ok((String::new(), live(query).await?));
        };
        for path in forms(&given) {
            let query = TreeQuery { path: path.clone(), ..query.clone() };
            let page = live(query.clone()).await?;
            let probe = TreeQuery { after: None, limit: 1, ..query };
            if !page.items.is_empty() || !live(probe).await?.items.is_empty() {
                return Ok((path.unwrap_or_default(), page));
            }
        }
        Ok((given, Page::default()))
    }

    /// Why a first page of history is empty, if it is.
    pub(crate) async fn missing(
        &self,
        query: &HistoryQuery,
        page: &HistoryPage,
        caller: &Caller,
    ) -> Option<String> {
        if !page.samples.is_empty() || page.next.is_some() || query.after.is_some() {
            return None;
        }
        let values = match Filter::parse(&query.topic) {
            Ok(filter) if filter.is_literal() => {
                let query = CurrentQuery { org: query.org, filter, after: None, limit: 1_000 };
                let page = self.hub.live.current(query, caller.rights.clone()).await;
                page.unwrap_or_default().values
            }
            Ok(_) | Err(_) => Vec::new(),
        };
        Some(hint::of_history(query, page, &values))
    }

    /// A page of last values.
    pub(crate) async fn current(
        &self,
        query: CurrentQuery,
        caller: &Caller,
    ) -> Result<CurrentPage, Refusal> {
        let live = |query| self.hub.live.current(query, caller.rights.clone());
        let page = live(query.clone()).await?;
        let longer = completed(query.filter.as_str()).and_then(|text| Filter::parse(&text).ok());
        let probe = CurrentQuery { after: None, limit: 1, ..query.clone() };
        match longer {
            Some(filter) if page.values.is_empty() && live(probe).await?.values.is_empty() => {
                live(CurrentQuery { filter, ..query }).await
            }
            _ => Ok(page),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_without_a_plane_are_completed() {
        for (given, long) in [
            ("acme/line3", Some("uns/v1/acme/line3")),
            ("acme/#", Some("uns/v1/acme/#")),
            ("acme", Some("uns/v1/acme")),
            ("uns/v1/acme", None),
            ("unsc/v1/acme", None),
            ("$SYS/x", None),
            ("#", None),
            ("+/line3", None),
            ("", None),
            ("uns", None),
            ("uns/v2/acme", None),
        ] {
            assert_eq!(completed(given).as_deref(), long, "{given}");
        }
    }
}
