//! Prints how many points a second one core takes from inside the process, over the log that ships,
//! and what a point costs in processor time. `cargo bench -p broker-server`.
#![expect(clippy::print_stdout, reason = "a bench speaks to the person who runs it")]
#![expect(clippy::cast_precision_loss, reason = "figures for people")]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker_server::{Config, Deps, Handle, InProcess, Server, Together};
use bytes::Bytes;
use fabric_local::{LocalLog, LogConfig, SystemDisk};
use uns_model::{Clock as _, OrgId, SystemClock, SystemRandom};
use uns_namespace::{Namespace, Parts};

/// Points of one batch.
const BATCH: usize = 100;
/// Producers, each with one batch under way.
const PRODUCERS: usize = 16;
/// Batches of each.
const ROUNDS: usize = 2_000;
/// Tags of each.
const TAGS: usize = 1_000;

fn main() {
    let dir = std::env::temp_dir().join(format!("uns-in-process-bench-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("the temporary directory takes folders");
    run(&dir.join("log"), &dir.join("namespace"));
    std::fs::remove_dir_all(&dir).expect("it is ours");
}

fn run(log: &std::path::Path, names: &std::path::Path) {
    let disk = Arc::new(SystemDisk);
    let clock = Arc::new(SystemClock);
    let random = Arc::new(SystemRandom);
    let opened =
        LocalLog::open(disk.clone(), log, LogConfig::default(), clock.clone(), &SystemRandom);
    let log = opened.expect("an empty log");
    let namespace = Namespace::open(Parts {
        log,
        disk,
        dir: PathBuf::from(names),
        clock,
        random,
        config: uns_namespace::Config::default(),
    })
    .expect("an empty namespace");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let config = Config { listen: Vec::new(), cores: 1, ..Config::default() };
    let deps = Deps { namespace: Some(namespace), ..Deps::default() };
    let server = runtime.block_on(Server::start(config, deps)).expect("a broker");
    let handle = server.handle();
    // The first round mints the nodes.
    runtime.block_on(publish(&handle, TAGS / BATCH));
    let (began, used) = (SystemClock.monotonic(), processor());
    runtime.block_on(publish(&handle, ROUNDS));
    let (took, used) = (SystemClock.monotonic() - began, processor() - used);
    let points = (PRODUCERS * ROUNDS * BATCH) as f64;
    println!(
        "points a second, one core, batches of {BATCH}: {:>10.0}",
        points / took.as_secs_f64()
    );
    println!(
        "processor time of a point, all threads:      {:>8.0} ns",
        used.as_nanos() as f64 / points
    );
    runtime.block_on(server.shutdown(Duration::from_secs(5)));
}

async fn publish(handle: &Handle, rounds: usize) {
    let mut producers = tokio::task::JoinSet::new();
    for producer in 0..PRODUCERS {
        let handle = handle.clone();
        producers.spawn(async move {
            for round in 0..rounds {
                let batch = batch(producer, round);
                let lane = u64::try_from(producer).expect("few producers");
                let results = handle.together(lane, batch).await.expect("the broker runs");
                assert!(results.iter().all(Result::is_ok), "nothing is refused");
            }
        });
    }
    while let Some(done) = producers.join_next().await {
        done.expect("no panic");
    }
}

fn batch(producer: usize, round: usize) -> Together {
    let item = |n: usize| InProcess {
        topic: format!("uns/v1/acme/line{producer}/t{}", (round * BATCH + n) % TAGS),
        payload: Bytes::from(format!("{}.{n}", round % 90)),
        ..InProcess::default()
    };
    let items = (0..BATCH).map(item).collect();
    Together {
        org: OrgId::DEFAULT,
        client_id: format!("producer{producer}"),
        items,
        ..Together::default()
    }
}

/// What this process has used of the processors, in hundredths of a second.
fn processor() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    Duration::from_millis(ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}
