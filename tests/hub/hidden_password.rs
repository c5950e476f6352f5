//! A password given with `-P` is not left where every program of the machine can read it.

use std::fs;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::devices::{CLOSED, device, taken_in};
use crate::hub::{Hub, Scratch, uns};

#[test]
fn the_process_list_does_not_show_a_password() {
    let scratch = Scratch::new();
    let hub = Hub::start_with(scratch.path(), &[CLOSED]);
    let secret = device(&hub, "press1", &["--allow", "acme/#"]);
    taken_in(&hub, 1);
    for password in [&["-P", &secret][..], &[&format!("--password={secret}")]] {
        let mut child = uns()
            .args(["sub", "acme/#", "--mqtt", &hub.mqtt_url(), "-u", "press1"])
            .args(password)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("it starts");
        let shown = || fs::read_to_string(format!("/proc/{}/cmdline", child.id()));
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let shown = shown().expect("it runs");
            // Before it begins anew, and before it begins at all, it may be seen.
            if shown.contains("--password-file=/dev/fd/") {
                assert!(!shown.contains(&secret), "{shown}");
                break;
            }
            assert!(Instant::now() < deadline, "{shown}");
            thread::sleep(Duration::from_millis(5));
        }
        drop(child.kill());
        drop(child.wait());
    }
    let get = ["get", "acme/#", "--http", &format!("http://{}", hub.http), "-u", "press1"];
    let output = uns().args(get).args(["-P", &secret]).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
