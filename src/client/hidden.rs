//! A password on the command line is seen by every program of the machine: the process begins anew
//! with the password in memory that only it can open.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsRawFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};
use rustix::fs::{MemfdFlags, memfd_create};

/// Starts this program again, in the same process, without the password among its arguments. Comes
/// back only where that is not possible.
pub(super) fn restart(password: &str) -> Result<()> {
    let given: Vec<_> = std::env::args_os().collect();
    let Some(at) = find(&given, password) else {
        anyhow::bail!("it is not where it was expected");
    };
    // Without the flag that closes it, so that the program that begins anew has it.
    let memory = memfd_create("password", MemfdFlags::empty()).context("no memory for it")?;
    let mut memory = File::from(memory);
    memory.write_all(password.as_bytes()).context("the memory takes nothing")?;
    let mut rest = given;
    let file = format!("--password-file=/dev/fd/{}", memory.as_raw_fd());
    rest.splice(at, [OsString::from(file)]);
    let program = std::env::current_exe().context("this program cannot be found")?;
    let mut args = rest.into_iter();
    let mut again = Command::new(program);
    again.arg0(args.next().unwrap_or_default()).args(args);
    Err(again.exec()).context("it cannot be started again")
}

/// Which arguments say the password.
fn find(args: &[OsString], password: &str) -> Option<std::ops::Range<usize>> {
    let whole = |at: usize, arg: &OsStr| {
        let next = args.get(at + 1).is_some_and(|next| next.as_bytes() == password.as_bytes());
        if arg == "-P" || arg == "--password" {
            return next.then_some(at..at + 2);
        }
        let said = ["-P", "-P=", "--password="]
            .iter()
            .any(|flag| arg.as_bytes().strip_prefix(flag.as_bytes()) == Some(password.as_bytes()));
        said.then_some(at..at + 1)
    };
    let ours = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    args.iter().take(ours).enumerate().skip(1).find_map(|(at, arg)| whole(at, arg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_is_found_however_it_is_written() {
        let check = |args: &[&str], expected: Option<std::ops::Range<usize>>| {
            let words: Vec<_> = args.iter().map(OsString::from).collect();
            assert_eq!(find(&words, "geheim"), expected, "{args:?}");
        };
        check(&["uns", "sub", "a", "-P", "geheim", "-u", "x"], Some(3..5));
        check(&["uns", "sub", "-Pgeheim"], Some(2..3));
        check(&["uns", "sub", "-P=geheim"], Some(2..3));
        check(&["uns", "--password=geheim", "sub"], Some(1..2));
        check(&["uns", "--password", "geheim"], Some(1..3));
        check(&["uns", "pub", "a", "geheim"], None);
        check(&["uns", "pub", "--", "-P", "geheim"], None);
    }
}
