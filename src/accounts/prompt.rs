//! Passwords from people: typed twice on a terminal without being shown, or a line of standard
//! input. Never from an argument, which every process of the machine can read.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anyhow::{Context as _, Result, bail};
use broker_access::PASSWORD_CHARS_MIN;
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

/// Asks for a new password.
pub(super) fn new_password(name: &str) -> Result<Zeroizing<String>> {
    if !io::stdin().is_terminal() {
        return line();
    }
    let ask = |text: &str| {
        eprint!("{text}");
        // A terminal that cannot be written to can still be typed on.
        drop(io::stderr().flush());
        let typed = hidden();
        eprintln!();
        typed
    };
    let first = ask(&format!("Password for {name} ({PASSWORD_CHARS_MIN} characters or more): "))?;
    let second = ask("The same again: ")?;
    if first != second {
        bail!("the two passwords differ; nothing was changed");
    }
    Ok(first)
}

/// A line without echo.
fn hidden() -> Result<Zeroizing<String>> {
    let terminal = io::stdin();
    let before = tcgetattr(&terminal).context("the terminal cannot be asked")?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    tcsetattr(&terminal, OptionalActions::Flush, &silent).context("the terminal cannot be set")?;
    let typed = line();
    tcsetattr(&terminal, OptionalActions::Now, &before).context("the terminal cannot be set")?;
    typed
}

fn line() -> Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin().lock().read_line(&mut line).context("no password could be read")?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        bail!("there is no password on standard input");
    }
    Ok(Zeroizing::new(password.to_owned()))
}
