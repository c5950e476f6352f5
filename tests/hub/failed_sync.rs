//! R6: when the disk fails to sync, nothing more is acknowledged, nobody pretends, and what was
//! acknowledged before is there after a restart. The failure is injected by strace.

use broker_codec::{ReasonCode, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch, may_trace};

#[test]
fn a_failed_sync_is_never_acknowledged() {
    if !may_trace() {
        return;
    }
    for after in [40, 77] {
        let scratch = Scratch::new();
        // Every sync from this one on.
        let inject = format!("inject=fdatasync:error=EIO:when={after}+");
        let tracer = [
            "strace",
            "-D",
            "-f",
            "-qq",
            "-o",
            "/dev/null",
            "-e",
            "trace=fdatasync",
            "-e",
            &inject,
        ];
        let hub = Hub::start_under(scratch.path(), &tracer);
        let (mut client, _) = Client::open(hub.mqtt, &connect(Version::V5, "c"));
        let mut acknowledged = 0_u64;
        let refusal = loop {
            let text = (acknowledged + 1).to_string();
            match client.publish_and_wait("uns/v1/sync/count", text.as_bytes()) {
                Some(ReasonCode::Success) => acknowledged += 1,
                other => break other,
            }
            assert!(acknowledged < 10_000, "no sync failed");
        };
        // Refused with a reason, or the hub ended; from now on for everybody.
        assert!(refusal.is_none_or(ReasonCode::is_error), "{refusal:?}");
        if refusal.is_some() {
            let (status, why) = hub.fetch("/readyz");
            assert_ne!(status, 200, "{why}");
            let answer = client.publish_and_wait("uns/v1/sync/count", b"0");
            assert!(answer.is_none_or(ReasonCode::is_error), "{answer:?}");
        }
        drop(hub);
        let hub = Hub::start(scratch.path());
        let samples = hub.history("uns/v1/sync/count", "");
        let values: Vec<_> = samples.iter().filter_map(|sample| sample["value"].as_u64()).collect();
        let expected: Vec<_> = (1..=acknowledged).collect();
        assert!(values.starts_with(&expected), "{acknowledged} acknowledged, {values:?} kept");
        eprintln!(
            "R6: {acknowledged} acknowledged before sync {after} failed, all kept; {refusal:?}"
        );
    }
}
