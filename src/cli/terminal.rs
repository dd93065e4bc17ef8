//! The two streams: the result on stdout, everything else on stderr, as text or as JSON. No text of others can begin a line of
//! its own there, move the cursor, change colours or hide something: see `domain::on_a_line`.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, ErrorKind, Write};
use std::panic::PanicHookInfo;
use std::sync::{Mutex, OnceLock, PoisonError};

use anyhow::anyhow;
use serde_json::{Map, Value};

use super::ending::Ending;
use super::exit::{Exit, Failure, Outcome};
use super::said::Said;
use crate::domain::{in_json, on_a_line};
use crate::report::is_of_the_disk;

/// Set when everything on stderr is to be JSON.
static LOGS_AS_JSON: OnceLock<()> = OnceLock::new();

/// The command of which the result is to be JSON, where it is; none where the arguments do not say which.
static RESULT_AS_JSON: OnceLock<Option<&'static str>> = OnceLock::new();

/// What was said of a bug.
static BUG: Mutex<Option<String>> = Mutex::new(None);

/// What helps where there is a bug.
const BUG_HINT: &str = "please report this line; with RUST_BACKTRACE=1 the program says more";

/// How bad it is what is said on stderr.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tone {
    Warning,
    Error,
}

/// From now on everything on stderr is JSON, an object a line.
pub(super) fn log_json() {
    // A second time changes nothing.
    let _ = LOGS_AS_JSON.set(());
}

/// The result of this command is to be one JSON object on stdout, whatever it is.
pub(super) fn answer_json(command: Option<&'static str>) {
    // A second time changes nothing.
    let _ = RESULT_AS_JSON.set(command);
}

/// Shows how a command went, and gives the exit that follows from it.
pub(super) fn show(result: Result<Outcome, Failure>) -> Exit {
    let exit = result.as_ref().map_or_else(|failure| failure.exit, |outcome| outcome.ending.exit());
    let shown = match result {
        // It has said so when it began to.
        Ok(Outcome { ending: Ending::Serving, .. }) => return exit,
        Ok(outcome) => told(outcome.ending, &outcome.said, outcome.json),
        Err(failure) => {
            say(Tone::Error, &failure.line(), &Said::lines(failure.hint.clone()));
            failed(&failure)
        }
    };
    match put(&shown) {
        // Whoever closed the pipe has seen enough, as with `head`.
        Err(refused) if refused.kind() != ErrorKind::BrokenPipe => {
            say(Tone::Error, &format!("stdout: {refused}"), &Said::nothing());
            Exit::Usage
        }
        Ok(()) | Err(_) => exit,
    }
}

/// Says on stdout, at once, what a command that goes on for ever has to say.
pub(super) fn announce(ending: Ending, said: &Said, json: Map<String, Value>) {
    // Where stdout is closed there is nobody to tell.
    let _ = put(&told(ending, said, json));
}

/// Says something that the result does not depend on.
pub(super) fn warn(text: &str) {
    say(Tone::Warning, text, &Said::nothing());
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
    let text = format!("a bug in tieout, at {place}: {text}");
    let backtrace = Backtrace::capture();
    let more = (backtrace.status() == BacktraceStatus::Captured).then(|| Said::paper(&backtrace.to_string()));
    say(Tone::Error, &text, &more.unwrap_or_else(|| Said::line(BUG_HINT)));
    *BUG.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
}

/// The exit of a bug that was said already; its object, too, where the result is to be one.
pub(super) fn ended_by_a_bug() -> Exit {
    let said = BUG.lock().unwrap_or_else(PoisonError::into_inner).take();
    let text = said.unwrap_or_else(|| "a bug in tieout".to_owned());
    // Where stdout is closed there is nobody to tell.
    let _ = put(&failed(&Failure::new(Exit::Bug, anyhow!(text), Some(BUG_HINT.to_owned()))));
    Exit::Bug
}

/// What stdout gets of a result.
fn told(ending: Ending, said: &Said, json: Map<String, Value>) -> String {
    if RESULT_AS_JSON.get().is_none() {
        return said.to_string();
    }
    object(json, ending.word(), ending.exit(), ending.meaning())
}

/// What stdout gets of a failure: the one object that `--json` promises, or nothing.
fn failed(failure: &Failure) -> String {
    if RESULT_AS_JSON.get().is_none() {
        return String::new();
    }
    let mut json = Map::new();
    json.insert("error".to_owned(), on_a_line(&failure.line()).into());
    json.insert("hint".to_owned(), failure.hint.as_deref().map(on_a_line).into());
    object(json, "failed", failure.exit, failure.exit.meaning())
}

fn object(mut json: Map<String, Value>, outcome: &str, exit: Exit, meaning: &str) -> String {
    json.insert("command".to_owned(), RESULT_AS_JSON.get().copied().flatten().into());
    json.insert("outcome".to_owned(), outcome.into());
    json.insert("exit".to_owned(), exit.code().into());
    json.insert("meaning".to_owned(), meaning.into());
    in_json(&Value::Object(json).to_string())
}

/// Writes to stdout what is not nothing.
fn put(shown: &str) -> io::Result<()> {
    if shown.is_empty() { Ok(()) } else { writeln!(io::stdout().lock(), "{shown}") }
}

/// Says something on stderr, with advice on a line of its own; where stderr is closed there is nobody to tell.
fn say(tone: Tone, text: &str, hint: &Said) {
    let (text, hint) = (on_a_line(text), Some(hint.to_string()).filter(|hint| !hint.is_empty()));
    if LOGS_AS_JSON.get().is_some() {
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
