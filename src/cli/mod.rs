//! The command line: arguments, environment and clock in, one result on stdout and an exit code out.
//!
//! The only reader of the clock, the environment and the terminal. It decides nothing about books: it works out what is
//! asked, hands that to the pipeline, and shows what comes back. stdout carries the result alone; progress, warnings
//! and logs go to stderr.

mod archive;
mod args;
mod breaks;
mod check;
mod commands;
mod completions;
mod demo;
mod ending;
mod environment;
mod exit;
mod init;
mod interview;
mod logs;
mod manual;
mod metrics;
mod month;
mod partner;
mod private;
mod progress;
mod result;
mod runs;
mod said;
mod signals;
mod simulate;
mod tally;
mod terminal;
mod usage;

use std::ffi::OsString;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;

pub use args::{Args, Command, Global, LogFormat};
pub use check::{Examined, examine};
pub use ending::Ending;
pub use environment::Environment;
pub use exit::{Exit, Failure, Outcome};
pub use interview::{Asked, interview};
pub use metrics::{Ended, Metrics};
pub use month::{Month, WhichPeriod, WhichPeriodError};
pub use progress::Progress;
pub use said::Said;
pub use tally::Tally;

use crate::watch::{Event, Watch};

/// Does what the arguments (the program's name first) ask for, and says how it went: see [`Exit`].
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    std::panic::set_hook(Box::new(terminal::show_bug));
    // The hook has said what happened; a panic must not look like any of the other exits.
    let exit = catch_unwind(AssertUnwindSafe(|| answer(arguments))).unwrap_or(Exit::Bug);
    ExitCode::from(exit.code())
}

/// Parses, works, and shows the result or the failure.
fn answer(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let args = match Args::try_parse_from(&arguments) {
        Ok(args) => args,
        Err(asked_for_help_or_refused) => return usage::show(asked_for_help_or_refused, &arguments),
    };
    let mut environment = Environment::read();
    environment.asks &= !args.global.quiet && !args.global.json;
    if args.global.log == LogFormat::Json {
        terminal::log_json();
    }
    logs::start(args.global, &environment);
    private::keep_private(&args.command);
    let told = Arc::new(Told {
        progress: Progress::on_terminal(&args.global, &environment),
        metrics: Metrics::asked_for(&args.command),
    });
    if args.global.json {
        terminal::answer_json(Some(told.metrics.command()));
    }
    // A bug is caught here already, so that the metrics tell of it.
    let worked = catch_unwind(AssertUnwindSafe(|| {
        told.metrics.refuse_unwritable()?;
        commands::run(args.command, environment.clone(), Arc::<Told>::clone(&told))
    }));
    // Bars must be gone before anything else is written.
    told.progress.end();
    let exit = worked.map_or_else(|_said| terminal::ended_by_a_bug(), terminal::show);
    let (took, at_ms) = environment.so_far();
    if let Err(refused) = told.metrics.write(&Ended { exit, took, at_ms }) {
        terminal::warn(&refused);
    }
    exit
}

/// Whoever is told of events.
struct Told {
    progress: Progress,
    metrics: Metrics,
}

impl Watch for Told {
    fn saw(&self, event: Event) {
        self.metrics.saw(event.clone());
        self.progress.saw(event);
    }
}
