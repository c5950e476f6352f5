//! TRAP-42: packets that come together leave together: far fewer system calls than packets, counted by
//! strace.

use std::fs;
use std::io::Write as _;

use broker_codec::{QoS, Version};

use crate::client::{Client, connect};
use crate::hub::{Hub, Scratch, may_trace};
use crate::wire::publish;

const COUNT: usize = 2_000;

#[test]
fn trap_42_packets_that_come_together_leave_together() {
    if !may_trace() {
        return;
    }
    let scratch = Scratch::new();
    let calls = scratch.path().join("calls");
    let file = calls.display().to_string();
    let trace = ["strace", "-D", "-f", "-qq", "-o", &file, "-e", "trace=sendto,sendmsg,writev"];
    let hub = Hub::start_under(scratch.path(), &trace);
    let (mut reader, _) = Client::open(hub.mqtt, &connect(Version::V311, "reader"));
    reader.subscribe("flush/t", QoS::AtMostOnce);
    let (mut sender, _) = Client::open(hub.mqtt, &connect(Version::V311, "sender"));
    let sends = || fs::read_to_string(&calls).unwrap_or_default().lines().count();
    let before = sends();
    let burst: Vec<u8> = (0..COUNT).flat_map(|n| publish("flush/t", &n.to_be_bytes())).collect();
    sender.socket.write_all(&burst).expect("the hub reads");
    for n in 0..COUNT {
        assert_eq!(reader.payload().as_deref(), Some(&n.to_be_bytes()[..]));
    }
    reader.ping();
    let made = sends() - before;
    eprintln!("TRAP-42: {COUNT} deliveries in {made} system calls");
    assert!(made > 0, "the trace works");
    assert!(made < COUNT / 10, "{made} system calls for {COUNT} deliveries");
}
