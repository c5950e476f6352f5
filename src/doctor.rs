//! `uns doctor`: looks at what a hub needs of its machine and at its data directory, and says for
//! each thing that is wrong what to do. It works whether or not the hub runs, and changes nothing.

mod clock;
mod directory;
mod disk;
mod finding;
mod limits;
mod ports;
mod publishers;
mod running;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use fabric_local::{Holder, Inspection};
use serde::Serialize;

use crate::config::{self, Config, ConfigArgs};
use crate::run::public;
use finding::{Finding, Verdict};

/// `uns doctor`
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Data directory of the hub, which may be running.
    #[arg(long, default_value = "uns-data", value_name = "DIR")]
    data: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
    /// Look at the ports of `uns run --public` too.
    #[arg(long)]
    public: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The answer as JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    version: &'static str,
    data: String,
    ok: bool,
    checks: &'a [Finding],
}

/// Looks at everything and prints it; what failed makes the command fail.
pub(crate) fn doctor(args: &DoctorArgs) -> Result<()> {
    let findings = examine(args);
    let failed = findings.iter().filter(|one| one.verdict == Verdict::Failed).count();
    if args.json {
        let data = args.data.display().to_string();
        let version = env!("CARGO_PKG_VERSION");
        let report = Report { version, data, ok: failed == 0, checks: &findings };
        crate::client::print(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    } else {
        crate::client::print(&findings.iter().map(Finding::lines).collect::<String>())?;
    }
    if failed > 0 {
        bail!("{failed} of {} checks failed; behind each is what to do", findings.len());
    }
    Ok(())
}

fn examine(args: &DoctorArgs) -> Vec<Finding> {
    let (config, mut findings) = configuration(args);
    let (inspection, seen) = directory::examine(&args.data);
    let holder = inspection.as_ref().map_or(Holder::Nobody, |inspection| inspection.holder);
    findings.extend(ports::examine(&config, holder));
    findings.extend(seen);
    findings.extend(disk::examine(&args.data));
    findings.extend(clock::examine(inspection.as_ref()));
    findings.extend(limits::examine(&config));
    findings.extend(inspection.iter().flat_map(versions));
    if holder != Holder::Nobody {
        findings.extend(running::examine(&args.data));
    }
    findings
}

/// The configuration; its defaults where it cannot be used.
fn configuration(args: &DoctorArgs) -> (Config, Vec<Finding>) {
    let resolved = config::load_with(args.config.config.as_deref(), &args.config.set, |config| {
        if args.public {
            public::open(config, &args.data, &[]);
        }
    });
    match resolved {
        Ok(config) => (config, Vec::new()),
        Err(error) => {
            let remedy = "change that; until then the defaults are looked at here";
            let failed = Finding::failed("configuration", format!("{error:#}"), remedy);
            (Config::default(), vec![failed])
        }
    }
}

/// The formats of what is stored; those of the directory itself are judged with it.
fn versions(inspection: &Inspection) -> Vec<Finding> {
    const AREA: &str = "versions";
    let supported = Inspection::LOG_FORMAT;
    let logs = inspection.logs.iter().map(|log| {
        let name = log.stream.name();
        let found = format!("the log {name} has format {}, {} segments", log.format, log.segments);
        if log.format > supported {
            let found = format!("{found}; this release reads up to {supported}");
            return Finding::failed(AREA, found, "start the release that wrote it, or a newer one");
        }
        if log.damaged_headers > 0 {
            let found = format!("{found}, {} of them with a damaged header", log.damaged_headers);
            let remedy = "the hub starts and serves the rest: look at the disk (`dmesg`, \
                          `smartctl`), and keep a copy of the data directory";
            return Finding::warning(AREA, found, remedy);
        }
        Finding::ok(AREA, format!("{found}; this release reads up to {supported}"))
    });
    let own = env!("CARGO_PKG_VERSION");
    std::iter::once(Finding::ok(AREA, format!("this is uns {own}"))).chain(logs).collect()
}
