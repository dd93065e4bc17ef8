//! The completions of a shell, made from the arguments themselves.

use clap::CommandFactory;
use clap_complete::{Shell, generate};
use serde_json::json;

use super::args::{Args, CompletedShell};
use super::ending::Ending;
use super::exit::Outcome;
use super::result::object;
use super::said::Said;

/// The script that the shell reads.
pub(super) fn completions(shell: CompletedShell) -> Outcome {
    let shell = match shell {
        CompletedShell::Bash => Shell::Bash,
        CompletedShell::Zsh => Shell::Zsh,
        CompletedShell::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    generate(shell, &mut Args::command(), "tieout", &mut script);
    let text = String::from_utf8_lossy(&script).into_owned();
    let json = object(json!({ "shell": shell.to_string(), "script": text }));
    Outcome { ending: Ending::Completions, said: Said::Script(text), json }
}
