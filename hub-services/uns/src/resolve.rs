//! Paths without `uns/v1/` (UNS-1): tried as given first, then below the prefix.
//!
//! A brownfield name that exists always wins, so the short form never changes what a request means;
//! publishing takes topics as they are, since there a new name is a new node.

use hub_kit::Refusal;
use hub_kit::services::{CurrentPage, CurrentQuery, TreePage, TreeQuery};
use uns_model::{Filter, Plane};

use crate::Service;

const PREFIX: &str = "uns/v1";

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

    /// A page of the tree, and the path it is of.
    pub(crate) async fn tree(&self, query: TreeQuery) -> Result<(String, TreePage), Refusal> {
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

    /// A page of last values.
    pub(crate) async fn current(&self, query: CurrentQuery) -> Result<CurrentPage, Refusal> {
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
