//! Paths without `uns/v1/` (UNS-1): tried as given first, then below the prefix.
//!
//! A brownfield name that exists always wins, so the short form never changes what a request means;
//! publishing takes topics as they are, since there a new name is a new node.

use hub_kit::services::{CurrentPage, CurrentQuery, TreePage, TreeQuery};
use hub_kit::{Caller, Reads, Refusal};
use uns_model::{Filter, Plane};

use crate::Service;

const PREFIX: &str = "uns/v1";
/// Pages of which the caller may see nothing, before the client has to ask for the next itself.
const EMPTY_PAGES_MAX: usize = 50;

/// The long form of a short path; `None` where the path has a prefix of its own.
pub(crate) fn completed(path: &str) -> Option<String> {
    let short = Plane::of(path) == Plane::Brownfield
        && !path.is_empty()
        && !path.starts_with(['/', '+', '#'])
        && path != "uns";
    short.then(|| format!("{PREFIX}/{path}"))
}

impl Service {
    /// The topic that is meant, if a node lives on one of its forms.
    pub(crate) fn topic(&self, given: &str) -> Option<String> {
        let (live, org) = (&self.hub.live, self.hub.org);
        let lives = |topic: &String| live.node_of_topic(org, topic).is_some();
        Some(given.to_owned()).filter(lives).or_else(|| completed(given).filter(lives))
    }

    /// What the caller may see of a page of the tree, and the path it is of.
    pub(crate) async fn tree(
        &self,
        mut query: TreeQuery,
        caller: &Caller,
    ) -> Result<(String, TreePage), Refusal> {
        for _ in 1..EMPTY_PAGES_MAX {
            let (path, mut page) = self.whole_tree(query.clone()).await?;
            page.nodes.retain_mut(|node| {
                let own = caller.rights.may_read(&node.path);
                if !own {
                    node.last = None;
                }
                own || caller.rights.reads(&format!("{}/#", node.path)) != Reads::None
            });
            match &page.next {
                Some(next) if page.nodes.is_empty() => query.after = Some(next.clone()),
                Some(_) | None => return Ok((path, page)),
            }
        }
        Ok((query.path, TreePage { nodes: Vec::new(), next: query.after }))
    }

    async fn whole_tree(&self, query: TreeQuery) -> Result<(String, TreePage), Refusal> {
        let live = &self.hub.live;
        let page = live.tree(query.clone()).await?;
        let probe = TreeQuery { after: None, limit: 1, ..query.clone() };
        match completed(&query.path) {
            Some(path) if page.nodes.is_empty() && live.tree(probe).await?.nodes.is_empty() => {
                let given = query.path.clone();
                let page = live.tree(TreeQuery { path: path.clone(), ..query }).await?;
                Ok((if page.nodes.is_empty() { given } else { path }, page))
            }
            _ => Ok((query.path, page)),
        }
    }

    /// What the caller may see of a page of last values.
    pub(crate) async fn current(
        &self,
        mut query: CurrentQuery,
        caller: &Caller,
    ) -> Result<CurrentPage, Refusal> {
        let mut page = CurrentPage::default();
        for _ in 0..EMPTY_PAGES_MAX {
            page = self.whole_current(query.clone()).await?;
            page.values.retain(|value| caller.rights.may_read(&value.topic));
            match &page.next {
                Some(next) if page.values.is_empty() => query.after = Some(next.clone()),
                Some(_) | None => break,
            }
        }
        Ok(page)
    }

    async fn whole_current(&self, query: CurrentQuery) -> Result<CurrentPage, Refusal> {
        let live = &self.hub.live;
        let page = live.current(query.clone()).await?;
        let longer = completed(query.filter.as_str()).and_then(|text| Filter::parse(&text).ok());
        let probe = CurrentQuery { after: None, limit: 1, ..query.clone() };
        match longer {
            Some(filter)
                if page.values.is_empty() && live.current(probe).await?.values.is_empty() =>
            {
                live.current(CurrentQuery { filter, ..query }).await
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
