//! The two streams: the result on stdout, everything else on stderr. No text can move the cursor or change colours.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, ErrorKind, Write};
use std::panic::PanicHookInfo;

use serde_json::{Map, Value};

use super::exit::{Exit, Failure, Outcome};

/// Shows how a command went, and gives the exit that follows from it.
pub(super) fn show(result: &Result<Outcome, Failure>, as_json: bool) -> Exit {
    let (exit, shown) = match result {
        Ok(outcome) if as_json => (outcome.exit, object(outcome.exit, outcome.json.clone())),
        Ok(outcome) => (outcome.exit, printable(outcome.text.trim_end())),
        Err(failure) => {
            show_failure(failure);
            (failure.exit, if as_json { failed(failure) } else { String::new() })
        }
    };
    if shown.is_empty() {
        return exit;
    }
    match writeln!(io::stdout().lock(), "{shown}") {
        // Whoever closed the pipe has seen enough, as with `head`.
        Err(refused) if refused.kind() != ErrorKind::BrokenPipe => {
            say(&format!("error: stdout: {refused}"));
            Exit::Usage
        }
        Ok(()) | Err(_) => exit,
    }
}

/// Shows help, version, or what is wrong with the arguments.
pub(super) fn show_usage(asked: &clap::Error) -> Exit {
    // clap picks stdout for help and stderr for refusals; where that is closed there is nobody to tell.
    let _ = asked.print();
    if asked.use_stderr() { Exit::Usage } else { Exit::TiedOut }
}

/// Says on stdout, at once, what a command that goes on for ever has to say.
pub(super) fn announce(text: &str) {
    // Where stdout is closed there is nobody to tell.
    let _ = writeln!(io::stdout().lock(), "{}", printable(text));
}

/// Says something that the result does not depend on.
pub(super) fn warn(text: &str) {
    say(&format!("warning: {}", printable(text)));
}

/// Says on one line that this program has a bug, and how to learn more.
pub(super) fn show_bug(bug: &PanicHookInfo<'_>) {
    let payload = bug.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let place = bug.location().map(ToString::to_string).unwrap_or_default();
    say(&format!("error: a bug in tieout, at {place}: {}", printable(text)));
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        say(&backtrace.to_string());
    } else {
        say("hint: please report this line; with RUST_BACKTRACE=1 the program says more");
    }
}

fn show_failure(failure: &Failure) {
    say(&format!("error: {}", printable(&failure.line())));
    if let Some(hint) = &failure.hint {
        say(&format!("hint: {}", printable(hint)));
    }
}

/// The one object that `--json` promises, for a failure.
fn failed(failure: &Failure) -> String {
    let mut json = Map::new();
    json.insert("error".to_owned(), failure.line().into());
    json.insert("hint".to_owned(), failure.hint.clone().into());
    object(failure.exit, json)
}

fn object(exit: Exit, mut json: Map<String, Value>) -> String {
    json.insert("exit".to_owned(), exit.code().into());
    json.entry("meaning").or_insert_with(|| exit.meaning().into());
    Value::Object(json).to_string()
}

/// A line on stderr; where that is closed there is nobody to tell.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A text without control characters other than line feeds and tabs: some of it comes from the partner.
pub(super) fn printable(text: &str) -> String {
    let shown = |c: char| if c.is_control() && c != '\n' && c != '\t' { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(shown).collect()
}
