//! Topics that come and go for ever: what was deleted takes no memory once the log has forgotten it.
//! `UNS_SOAK=1` runs the long form.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use fabric::{Disk as _, Log as _};
use uns_namespace::{Gate, Namespace};

use crate::world::{ORG, Running, World, publish, wait};

/// The memory of this process without pages of files.
fn own_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux says so");
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a line");
    let kib = line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok());
    kib.expect("a number") * 1024
}

/// Makes so many topics, deletes them, and has the log forget them.
fn come_and_go(world: &World, space: &Arc<Namespace>, topics: usize) {
    let mut gate = Gate::new(space);
    for n in 0..topics {
        let topic = format!("uns/v1/cycle/a{}/line{}/t{n}", n % 50, n % 1_000);
        publish(&mut gate, &topic, r#"{"speed":5,"state":"run"}"#).expect("it works");
        if n % 1_000 == 0 {
            // The log is in memory here, and is not what is measured.
            wait(space.caught_up());
            world.log.drop_until(world.log.committed());
        }
    }
    // In parts, since who asks for one waits for all of it.
    let part = |n| wait(space.delete(ORG, &format!("uns/v1/cycle/a{n}"), false));
    let deleted: u64 = (0..50).map(|n| part(n).expect("it works").nodes).sum();
    assert_eq!(usize::try_from(deleted), Ok(topics));
    publish(&mut gate, "uns/v1/stays", "1").expect("it works");
    wait(space.caught_up());
    world.log.drop_until(world.log.committed());
    publish(&mut gate, "uns/v1/stays", "2").expect("it works");
    wait(space.caught_up());
    space.checkpoint().expect("it works");
}

#[test]
fn topics_made_and_deleted_ten_times_leave_nothing() {
    let topics = if std::env::var_os("UNS_SOAK").is_some() { 1_000_000 } else { 10_000 };
    let world = World::new();
    let space = world.open();
    let _running = Running::start(&space);
    let mut after = Vec::new();
    for _ in 0..10 {
        come_and_go(&world, &space, topics);
        after.push(own_memory());
        let size = |path: &Path| world.disk.read(path).unwrap().len();
        let files = world.files();
        let checkpoint = size(files.last().unwrap());
        assert!(checkpoint < 1_000, "{checkpoint} bytes of one topic, {after:?}");
        assert_eq!(space.stats().nodes, 1);
    }
    eprintln!("{topics} topics made and deleted ten times; memory after each: {after:?}");
    let (early, late) = (after[2], after[9]);
    assert!(late < early + early / 4 + (8 << 20), "{early} bytes became {late}");
}
