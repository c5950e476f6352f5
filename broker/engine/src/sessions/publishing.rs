//! Whether a client may publish one more message that is not answered.

use broker_codec::Publish;

use super::connection::Connection;
use super::inflight::Excess;
use crate::forgive::{Forgiven, pass_over};
use crate::stats::{Leniency, Stats};

impl<N> Connection<N> {
    /// Whether one more publish is too many unanswered: it waits in 3.1.1, and is an error in 5,
    /// where CONNACK said how many there may be, unless its listener passes over that.
    pub(crate) fn excess(
        &mut self,
        publish: &Publish<'_>,
        max: u16,
        stats: &mut Stats,
        reports: &mut Vec<Forgiven>,
    ) -> Option<Excess> {
        let excess = self.inflight.excess(self.version, publish, max)?;
        let passed_over = excess == Excess::Error
            && pass_over(&mut self.faulty_client(), Leniency::ReceiveMaximum, stats, reports);
        (!passed_over).then_some(excess)
    }
}
