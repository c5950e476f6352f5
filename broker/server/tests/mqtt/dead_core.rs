//! TRAP-52: a panic in what the connections of a core share ends the whole process. The test is its
//! own child: it starts itself again with a broker whose hook panics in the middle of a publish.

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker_codec::Version;
use broker_server::{DeadLetter, DeadLetters, Deps, OnStored, StoredDeadLetter};

use crate::authenticator::{SlowAuthenticator, as_user};
use crate::client::{Broker, PATIENCE, message};

const CHILD: &str = "UNS_TEST_DEAD_CORE";

/// Where refused publishes are kept belongs to nobody's connection.
struct Faulty;

impl DeadLetters for Faulty {
    fn store(&self, _: &DeadLetter<'_>, _: Option<OnStored>) -> StoredDeadLetter {
        unreachable!("the fault of this test")
    }
}

#[test]
fn trap_52_a_dead_core_ends_the_process() {
    if std::env::var_os(CHILD).is_some() {
        return child();
    }
    let own = std::env::current_exe().expect("a test binary");
    let mut child = Command::new(own)
        .args(["--exact", "dead_core::trap_52_a_dead_core_ends_the_process", "--nocapture"])
        .env(CHILD, "1")
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if start.elapsed() > 2 * PATIENCE {
            child.kill().expect("it still runs");
            panic!("the process outlived its core");
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(6), "{status}");
}

/// Ends with success after a while, unless the broker ends it before.
fn child() {
    let dead_letters = Some(Arc::new(Faulty) as Arc<dyn DeadLetters>);
    let deps = Deps { dead_letters, ..SlowAuthenticator::default().deps() };
    let broker = Broker::over(deps, |_| ());
    let mut honest = broker.v5("honest");
    honest.ping();
    let mut unlucky = broker.client(&as_user(Version::V5, "fred", "right"));
    unlucky.publish(message("yours/x", "refused, and kept by nobody"));
    std::thread::sleep(PATIENCE);
}
