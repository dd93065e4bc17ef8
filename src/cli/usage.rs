//! Arguments that cannot be used, and those that ask for help: told as everything else is told, as text or as JSON.

use std::ffi::OsString;

use anyhow::anyhow;
use clap::Parser;
use clap::error::ErrorKind;
use serde_json::json;

use super::args::{Args, Global, LogFormat};
use super::ending::Ending;
use super::environment::Environment;
use super::exit::{Exit, Failure, Outcome};
use super::result::object;
use super::said::Said;
use super::{logs, terminal};
use crate::domain::on_a_line;

/// Shows help, version, or what is wrong with the arguments.
pub(super) fn show(asked: clap::Error, arguments: &[OsString]) -> Exit {
    // What they hold is repeated in the message, where it may begin no line of its own.
    let harmless = arguments.iter().map(|it| on_a_line(&it.to_string_lossy()));
    let asked = Args::try_parse_from(harmless).err().filter(|it| it.kind() == asked.kind()).unwrap_or(asked);
    let (as_json, logs_json) = (wants(arguments, "--json", None), wants(arguments, "--log", Some("json")));
    if as_json {
        terminal::answer_json(None);
    }
    if logs_json {
        terminal::log_json();
        let global = Global { quiet: false, json: as_json, verbose: 0, log: LogFormat::Json };
        logs::start(global, &Environment::read());
    }
    let text = asked.render().to_string();
    if !asked.use_stderr() && as_json {
        let ending = if asked.kind() == ErrorKind::DisplayVersion { Ending::Version } else { Ending::Help };
        let json = object(json!({ "text": text }));
        return terminal::show(Ok(Outcome { ending, said: Said::nothing(), json }));
    }
    if asked.use_stderr() && (as_json || logs_json) {
        return terminal::show(Err(failure(asked.kind(), &text)));
    }
    // clap picks stdout for help and stderr for refusals; where that is closed there is nobody to tell.
    let _ = asked.print();
    if asked.use_stderr() { Exit::Usage } else { Exit::TiedOut }
}

/// Whether an option stands among arguments of which nothing else can be told, with its value where it has one.
fn wants(arguments: &[OsString], option: &str, value: Option<&str>) -> bool {
    let mut left = arguments.iter().skip(1).take_while(|it| *it != "--");
    match value {
        None => left.any(|it| it == option),
        Some(value) => {
            let joined = format!("{option}={value}");
            while let Some(it) = left.next() {
                if it.to_string_lossy() == joined || (it == option && left.next().is_some_and(|next| next == value)) {
                    return true;
                }
            }
            false
        }
    }
}

/// A refusal as a failure: what is wrong on one line, and what helps on another.
fn failure(kind: ErrorKind, text: &str) -> Failure {
    if matches!(kind, ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand) {
        let hint = Some("`tieout --help` lists the commands".to_owned());
        return Failure::new(Exit::Usage, anyhow!("no command, expected one"), hint);
    }
    let one_line = |part: &str| part.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = text.trim().split("\n\n").map(one_line);
    let error = parts.next().unwrap_or_default();
    let error = error.strip_prefix("error: ").unwrap_or(&error).to_owned();
    let hint = parts.collect::<Vec<_>>().join("; ");
    Failure::new(Exit::Usage, anyhow!(error), Some(hint).filter(|hint| !hint.is_empty()))
}
