//! Figures of log-ins and of the access file.

use broker_access::AccessControl;
use hub_kit::metrics::{Exposition, MetricSource};

/// Log-ins of every interface.
pub(crate) struct LogInFigures(pub(crate) AccessControl);

impl MetricSource for LogInFigures {
    fn write(&self, out: &mut Exposition) {
        let counts = self.0.counts();
        let mut log_ins = out.counter("uns_access_log_ins_total", "Log-ins, by how they ended.");
        log_ins.sample(&[("outcome", "accepted")], counts.accepted);
        log_ins.sample(&[("outcome", "refused")], counts.refused);
        log_ins.sample(&[("outcome", "limited")], counts.limited);
        let mut reloads =
            out.counter("uns_access_reloads_total", "Changes of the access file, by outcome.");
        reloads.sample(&[("outcome", "serving")], counts.reloaded);
        reloads.sample(&[("outcome", "failed")], counts.reload_failed);
    }
}
