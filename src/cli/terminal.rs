//! The two streams: the result on stdout, everything else on stderr, as text or as JSON. No text can move the cursor or change colours.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, ErrorKind, Write};
use std::panic::PanicHookInfo;
use std::sync::OnceLock;

use serde_json::{Map, Value};

use super::exit::{Exit, Failure, Outcome};
use crate::report::is_of_the_disk;

/// Set when everything on stderr is to be JSON.
static AS_JSON: OnceLock<()> = OnceLock::new();

/// How bad it is what is said on stderr.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Warning,
    Error,
}

/// From now on everything on stderr is JSON, an object a line.
pub(super) fn speak_json() {
    // A second time changes nothing.
    let _ = AS_JSON.set(());
}

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
            say(Tone::Error, &format!("stdout: {refused}"), None);
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
    say(Tone::Warning, text, None);
}

/// Says on one line that this program has a bug, and how to learn more. The workbook's library panics where the temporary
/// folder is full, which is no bug: that becomes an error of its own, and is told once.
pub(super) fn show_bug(bug: &PanicHookInfo<'_>) {
    let payload = bug.payload();
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
    let place = bug.location().map(ToString::to_string).unwrap_or_default();
    if is_of_the_disk(&place, text) {
        return;
    }
    let backtrace = Backtrace::capture();
    let more = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let hint = "please report this line; with RUST_BACKTRACE=1 the program says more";
    say(Tone::Error, &format!("a bug in tieout, at {place}: {text}"), Some(more.as_deref().unwrap_or(hint)));
}

fn show_failure(failure: &Failure) {
    say(Tone::Error, &failure.line(), failure.hint.as_deref());
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

/// Says something on stderr, with advice on a line of its own; where stderr is closed there is nobody to tell.
fn say(tone: Tone, text: &str, hint: Option<&str>) {
    let (text, hint) = (printable(text), hint.map(printable));
    if AS_JSON.get().is_some() {
        match tone {
            Tone::Warning => tracing::warn!(target: "tieout", hint, "{text}"),
            Tone::Error => tracing::error!(target: "tieout", hint, "{text}"),
        }
        return;
    }
    let word = if tone == Tone::Error { "error" } else { "warning" };
    let hint = hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    let _ = writeln!(io::stderr().lock(), "{word}: {text}{hint}");
}

/// A text without control characters other than line feeds and tabs, and without those that turn the direction of what
/// follows: some of it comes from the partner.
pub(super) fn printable(text: &str) -> String {
    let turns = |c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let is_hidden = |c: char| turns(c) || (c.is_control() && c != '\n' && c != '\t');
    text.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
