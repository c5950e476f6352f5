//! Who gets in: accounts, the guard of the HTTP side, and the first password.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use broker_access::{AccessControl, AccessFile, Deps};
use broker_server::Handle;
use hub_kit::http::{Anonymous, Guard, Hosts};

use super::first_password::FirstPassword;
use super::parts::Parts;
use crate::accounts::in_force;
use crate::config::Config;
use crate::ready::LogIns;
use crate::wiring::log_in::Accounts;

/// How often the access file is looked at: whoever changes it waits for that.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What decides who gets in.
pub(super) struct Entrance {
    pub(super) control: AccessControl,
    pub(super) guard: Guard,
    /// Whether everybody has to log in.
    required: bool,
    first_password: Option<FirstPassword>,
}

impl Entrance {
    /// Reads the accounts; where everybody has to log in and nobody could, makes one.
    pub(super) fn open(parts: &Parts, config: &Config, terminal: bool) -> Result<Self> {
        let data = parts.directory.path();
        let required = config.is_log_in_required();
        let file = AccessFile::of(data);
        let first_password = match required {
            true => FirstPassword::ensure(&file, data, &*parts.random, terminal)?,
            false => None,
        };
        let anonymous = Arc::new(if required { Anonymous::never() } else { Anonymous::allowed() });
        let served = Arc::clone(&anonymous);
        let control = AccessControl::open(Deps {
            file,
            clock: Arc::clone(&parts.clock),
            random: Arc::clone(&parts.random),
            anonymous: Box::new(move || served.is_served()),
            sources: Vec::new(),
        })
        .context("who may connect cannot be told")?;
        let on_file = data.to_path_buf();
        control.on_log_in(move |user| FirstPassword::used(&on_file, user));
        let hosts = Hosts::new(&config.http.hosts).context("http.hosts")?;
        let hosts = if required && config.is_public() { hosts.and_addresses() } else { hosts };
        let guard = Guard::new(hosts, anonymous, Arc::new(Accounts::new(control.clone())));
        Ok(Self { control, guard, required, first_password })
    }

    /// What the banner says about log-ins.
    pub(super) fn log_ins(&self, data: &Path) -> LogIns {
        LogIns { needed: self.required, lines: self.lines(data) }
    }

    fn lines(&self, data: &Path) -> String {
        if !self.required {
            return "none needed from this machine; nothing else can connect".into();
        }
        let accounts = format!(
            "needed by everybody; accounts are in {}",
            AccessFile::of(data).path().display()
        );
        let first = self.first_password.as_ref().map(FirstPassword::line);
        let first = first.map(|line| format!("\n                   {line}")).unwrap_or_default();
        format!("{accounts}{first}")
    }
}

/// Takes in changes of the access file for as long as the hub runs, and leaves word in the data
/// directory of the state that is in force.
pub(super) async fn follow(control: AccessControl, broker: Handle, data: PathBuf) {
    let mut told = None;
    loop {
        let state = control.state_in_force();
        if told.as_ref() != Some(&state) {
            in_force::tell(&data, &state);
            told = Some(state);
        }
        tokio::time::sleep(LOOK_EVERY).await;
        control.log_failures();
        reload(&control, &broker, false).await;
    }
}

/// Looks at the access file now.
pub(super) async fn reload(control: &AccessControl, broker: &Handle, forced: bool) {
    let control = control.clone();
    let looked = tokio::task::spawn_blocking(move || control.reload(forced)).await;
    match looked {
        Ok(true) => broker.policy_changed(),
        Ok(false) => {}
        Err(error) => tracing::error!(%error, "looking at the access file failed"),
    }
}

/// Whether somebody watches standard output.
pub(super) fn on_terminal() -> bool {
    use std::io::IsTerminal as _;
    std::io::stdout().is_terminal()
}
