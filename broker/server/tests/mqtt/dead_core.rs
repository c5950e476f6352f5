//! TRAP-52: a panic on a core ends the whole process. The test is its own child: it starts itself
//! again with a broker whose hook panics.

use std::process::Command;
use std::time::{Duration, Instant};

use broker_codec::{Packet, Version};
use broker_server::{Authenticate, Deps, Identity, Login, Verdict};

use crate::client::{Broker, PATIENCE, connect};

const CHILD: &str = "UNS_TEST_DEAD_CORE";

struct Faulty;

impl Authenticate for Faulty {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        assert_ne!(login.client_id, "faulty", "the fault of this test");
        Verdict::Known(Ok(Identity::anonymous()))
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
    let deps = Deps { authenticate: Box::new(Faulty), ..Deps::default() };
    let broker = Broker::over(deps, |_| ());
    let mut honest = broker.v5("honest");
    honest.ping();
    let mut faulty = broker.raw(Version::V5);
    faulty.send(&Packet::Connect(Box::new(connect(Version::V5, "faulty"))));
    std::thread::sleep(PATIENCE);
}
