//! `uns demo`: a small living plant, so that the page has something to show.

mod plant;

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use uns_model::{Clock as _, Random, SeededRandom, SystemClock, SystemRandom, Timestamp};

use crate::client::{MqttArgs, Publisher, topic};
use crate::config::Span;
use plant::Plant;

/// Where and how the plant runs.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    mqtt: MqttArgs,
    /// Topic of the plant's site.
    #[arg(long, default_value = "uns/v1/acme/dallas", value_name = "PREFIX", value_parser = topic)]
    topic: String,
    /// Stop after this time instead of running until interrupted.
    #[arg(long = "for", value_name = "TIME", value_parser = Span::parse)]
    run_for: Option<Span>,
    /// Make the same plant behave the same way again.
    #[arg(long)]
    seed: Option<u64>,
}

/// One step of the plant.
const STEP: Duration = Duration::from_secs(1);

/// Runs the sub-command.
pub(crate) fn demo(args: &DemoArgs) -> Result<()> {
    let clock = SystemClock;
    let mut publisher = Publisher::connect(args.mqtt.endpoint()?, 0)?;
    eprintln!(
        "publishing a press line, a filling line and an energy meter below {} every second; \
         Ctrl-C stops",
        args.topic
    );
    let random: Box<dyn Random> = match args.seed {
        Some(seed) => Box::new(SeededRandom::new(seed)),
        None => Box::new(SystemRandom),
    };
    let mut plant = Plant::new(random);
    let started = clock.monotonic();
    let mut due = started;
    publisher.acknowledged(|publisher| step(publisher, &mut plant, args, clock.now()))?;
    loop {
        due += STEP;
        if args.run_for.is_some_and(|limit| due - started >= limit.0) {
            publisher.finish()?;
            return Ok(());
        }
        std::thread::sleep(due.saturating_sub(clock.monotonic()));
        step(&mut publisher, &mut plant, args, clock.now())?;
        publisher.flush()?;
    }
}

fn step(
    publisher: &mut Publisher,
    plant: &mut Plant,
    args: &DemoArgs,
    now: Timestamp,
) -> Result<()> {
    for reading in plant.step(now) {
        let topic = format!("{}/{}", args.topic.trim_end_matches('/'), reading.tag);
        let payload = format!("{{\"value\":{},\"timestamp\":\"{now}\"}}", reading.value);
        publisher.publish(&topic, payload.as_bytes(), reading.retain)?;
    }
    Ok(())
}
