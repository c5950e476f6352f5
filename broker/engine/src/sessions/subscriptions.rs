//! What one client may subscribe to, by its own limits, and what it has subscribed to.

use broker_codec::{ReasonCode, check_filter, shared};

use super::connection::Connection;
use crate::config::Config;
use crate::stats::Limit;

/// A subscription that is not granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NotGranted {
    /// What SUBACK says.
    pub(crate) reason: ReasonCode,
    /// The limit that is counted.
    pub(crate) limit: Option<Limit>,
}

impl NotGranted {
    pub(crate) fn beyond(limit: Limit) -> Self {
        Self { reason: ReasonCode::QuotaExceeded, limit: Some(limit) }
    }
}

impl From<ReasonCode> for NotGranted {
    fn from(reason: ReasonCode) -> Self {
        Self { reason, limit: None }
    }
}

impl<N> Connection<N> {
    /// Whether a subscription that may be granted is a new one. While memory is short, no new one is.
    ///
    /// # Errors
    /// It is beyond a limit.
    pub(crate) fn check_subscription(
        &self,
        filter: &str,
        config: &Config,
        is_memory_short: bool,
    ) -> Result<bool, NotGranted> {
        let levels = shared(filter).map_or(filter, |(_, levels)| levels);
        if levels.split('/').take(config.levels_max + 1).count() > config.levels_max {
            return Err(ReasonCode::TopicFilterInvalid.into());
        }
        let new = !self.filters.contains_key(filter);
        if new && self.filters.len() >= config.subscriptions_max {
            return Err(ReasonCode::QuotaExceeded.into());
        }
        if new && is_memory_short {
            return Err(NotGranted::beyond(Limit::Memory));
        }
        Ok(new)
    }

    /// Removes a subscription; what UNSUBACK says of it.
    pub(crate) fn unsubscribe(&mut self, filter: &str) -> ReasonCode {
        if self.filters.remove(filter).is_some() {
            self.session.walks.remove(filter);
            ReasonCode::Success
        } else if check_filter(filter).is_err() {
            ReasonCode::TopicFilterInvalid
        } else {
            ReasonCode::NoSubscriptionExisted
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::peer::Peer;
    use crate::routing::tree::Wish;

    fn connection(filters: &[&str]) -> Connection<()> {
        let mut connection = Connection::new(Peer::default(), Duration::ZERO);
        for filter in filters {
            connection.filters.insert((*filter).into(), Wish::default());
            connection.session.walks.insert((*filter).into());
        }
        connection
    }

    #[test]
    fn only_new_subscriptions_are_beyond_a_limit() {
        let config = Config { subscriptions_max: 2, levels_max: 3, ..Config::default() };
        let one = connection(&["a"]);
        let full = connection(&["a", "b"]);
        let check = |connection: &Connection<()>, filter, is_short| {
            connection.check_subscription(filter, &config, is_short)
        };
        assert_eq!(check(&one, "b", false), Ok(true));
        assert_eq!(check(&one, "a", true), Ok(false));
        assert_eq!(check(&one, "b", true), Err(NotGranted::beyond(Limit::Memory)));
        assert_eq!(check(&full, "b", false), Ok(false));
        assert_eq!(check(&full, "c", true), Err(ReasonCode::QuotaExceeded.into()));
        assert_eq!(check(&one, "a/b/#", false), Ok(true));
        assert_eq!(check(&one, "$share/g/a/b/c", false), Ok(true), "the share is no level");
        let too_deep = Err(ReasonCode::TopicFilterInvalid.into());
        assert_eq!(check(&one, "a/b/c/#", false), too_deep);
    }

    #[test]
    fn every_filter_of_an_unsubscribe_has_its_own_answer() {
        let mut client = connection(&["a", "b"]);
        let said = ["a", "a", "a/#/b"].map(|filter| client.unsubscribe(filter));
        let none = ReasonCode::NoSubscriptionExisted;
        assert_eq!(said, [ReasonCode::Success, none, ReasonCode::TopicFilterInvalid]);
        assert_eq!((client.filters.len(), client.session.walks.len()), (1, 1));
    }
}
