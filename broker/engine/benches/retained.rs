//! What a retained publish on two cores waits for while the fold keeps what they publish, and somebody
//! who subscribed reads it all.
//!
//! Prints and asserts nothing about time: `cargo bench -p broker-engine --bench retained`.

#![expect(clippy::print_stdout, reason = "a bench speaks to the person who runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use broker_engine::{Quota, Retained, RetainedMessages, Walk};
use uns_model::{Clock as _, Kept, OrgId, SystemClock};

const TOPICS: usize = 100_000;
const PUBLISHES: usize = 3_000_000;
/// Messages between two looks of a reader at its output.
const SLICE: usize = 512;
const ORG: OrgId = OrgId::DEFAULT;

fn main() {
    let quota = Quota { count: 2_000_000, bytes: 1 << 30 };
    let store = RetainedMessages::new(quota, Quota::default());
    let topics: Vec<_> =
        (0..TOPICS).map(|n| format!("site/line{}/tag{}", n / 50, n % 50)).collect();
    let keep = |topic: &str| {
        let kept = Kept::new(0, None, b"", b"21.5");
        store.set(ORG, Retained { topic: topic.into(), expires: None, kept });
    };
    topics.iter().for_each(|topic| keep(topic));
    let ask = || {
        for n in 0..PUBLISHES {
            assert!(store.has_room(ORG, &topics[n * 7 % TOPICS], 64));
        }
    };
    println!("ns for each publish of two cores at once, CPU and wall");
    print("alone", &ask);
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                topics.iter().for_each(|topic| keep(topic));
            }
        });
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let (mut walk, mut left) = (Walk::new("#"), SLICE);
                let take = &mut |_: broker_engine::Held<'_>| {
                    left = left.checked_sub(1).unwrap_or(SLICE);
                    left > 0
                };
                while !store.walk(ORG, &mut walk, Duration::ZERO, take) {}
            }
        });
        print("beside the fold and a reader", &ask);
        over.store(true, Ordering::Relaxed);
    });
}

/// What two threads take that do the same.
fn print(name: &str, publish: &(impl Fn() + Sync)) {
    let began = SystemClock.monotonic();
    let cpu: Duration = thread::scope(|scope| {
        let one = || {
            publish();
            cpu()
        };
        let threads = [scope.spawn(one), scope.spawn(one)];
        threads.into_iter().map(|thread| thread.join().expect("it publishes")).sum()
    });
    let wall = SystemClock.monotonic() - began;
    let each = |time: Duration| time.as_secs_f64() * 1e9 / (2 * PUBLISHES) as f64;
    println!("{name}: {:.0} {:.0}", each(cpu), each(wall));
}

/// What this thread has taken.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux has it");
    let nanos = text.split(' ').next().and_then(|word| word.parse().ok());
    Duration::from_nanos(nanos.expect("the first number is CPU time"))
}
