//! The commands, each handed to the pipeline with everything it needs.

use anyhow::anyhow;

use super::args::{Command, MonthArgs};
use super::environment::Environment;
use super::exit::{Exit, Failure, Outcome};
use super::month::Month;
use super::terminal;
use crate::watch::Watch;

/// Does what a command asks for.
pub(super) fn run(command: Command, environment: &Environment, _watch: &dyn Watch) -> Result<Outcome, Failure> {
    match command {
        Command::Close(args) => prepared(&args, environment).and_then(|_month| absent("close")),
        Command::Fetch(args) => prepared(&args, environment).and_then(|_month| absent("fetch")),
        Command::Demo(_) => absent("demo"),
        Command::Settle(_) => absent("settle"),
        Command::Verify(_) => absent("verify"),
        Command::Explain(_) => absent("explain"),
        Command::Pack(_) => absent("pack"),
        Command::Simulate(_) => absent("simulate"),
    }
}

/// The month asked for, with a warning when it is not over.
fn prepared(args: &MonthArgs, environment: &Environment) -> Result<Month, Failure> {
    let month = Month::prepare(args, environment)?;
    if let Some(warning) = month.warning() {
        terminal::warn(&warning);
    }
    Ok(month)
}

/// The pipeline behind a command is not part of this build; each call gives way to the pipeline's own.
fn absent(command: &str) -> Result<Outcome, Failure> {
    Err(Failure::new(Exit::Bug, anyhow!("this build does not hold the pipeline behind `{command}`"), None))
}
