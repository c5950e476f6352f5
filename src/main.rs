//! The `uns` binary: sub-commands, configuration and wiring, nothing else.

mod accounts;
mod cli;
mod client;
mod config;
mod demo;
mod doctor;
mod memory;
mod page;
mod ports;
mod ready;
mod replay;
mod run;
mod umask;
mod wiring;
mod zone;

use std::process::ExitCode;

use clap::Parser as _;

/// Deliveries are allocated on one core and freed on another; this allocator is built for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    memory::avoid_huge_pages();
    match cli::dispatch(cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line per cause, outermost first: what failed, then why, then what to do.
            eprintln!("uns: {error}");
            for cause in error.chain().skip(1) {
                eprintln!("     {cause}");
            }
            ExitCode::FAILURE
        }
    }
}
