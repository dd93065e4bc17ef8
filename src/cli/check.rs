//! Everything that a close would refuse, and what is doubtful, told before the close.

use std::path::Path;

use serde_json::{Value, json};

use super::args::CheckArgs;
use super::ending::Ending;
use super::environment::Environment;
use super::exit::{Exit, Failure, Outcome};
use super::month::base_url;
use super::partner;
use super::result::object;
use super::said::Said;
use crate::domain::Period;
use crate::fetch::Credentials;
use crate::report::{printable, refuse_texts};
use crate::run::{self, RunError};
use crate::settings::{Checked, CredentialsError, Problem, Settings, check as looked_at, find_credentials};
use crate::watch::Watch;

/// What a close would begin with, and everything that is wrong or doubtful about it.
#[derive(Debug)]
pub struct Examined {
    /// Settings and rate card, with every problem.
    pub checked: Checked,
    /// The credentials, where there are any that can be used.
    pub credentials: Option<Credentials>,
}

impl Examined {
    /// Whether a close would begin.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        is_sound(&self.checked.problems)
    }
}

/// Looks at everything that a close begins with, and refuses what it refuses before its first request. No credentials at all are
/// a doubt as long as nobody is to be asked: they may come from wherever the close is started.
#[must_use]
pub fn examine(config: Option<&Path>, online: bool, environment: &Environment) -> Examined {
    let mut checked = looked_at(config, environment.now);
    let mut problems = std::mem::take(&mut checked.problems);
    let settings = &checked.settings;
    if let Err(refused) = base_url(settings, environment) {
        problems.push(of_failure(&refused));
    }
    if let Err(refused) = printable(&settings.invoice) {
        problems.push(Problem { file: checked.file.clone(), ..of_failure(&RunError::from(refused).into()) });
    }
    let own = settings.partner.credentials_file.as_deref();
    let pair = (environment.auth_id.clone(), environment.auth_token.clone());
    let credentials = match find_credentials(pair.0.clone(), pair.1.clone(), own) {
        Ok(found) => Some(found),
        Err(refused) => {
            let is_doubt = matches!(refused, CredentialsError::Absent) && !online;
            let (file, place) = (refused.file().map(Path::to_owned), refused.place());
            problems.push(Problem { file, place, refused: !is_doubt, ..of_failure(&refused.into()) });
            None
        }
    };
    // Where the environment holds the pair, nobody reads the file.
    let unread = own.filter(|_| pair.0.is_some() && pair.1.is_some());
    if let Some(Err(doubt)) = unread.map(|file| find_credentials(None, None, Some(file))) {
        let (file, place) = (doubt.file().map(Path::to_owned), doubt.place());
        let line = format!("{doubt}; not read as long as the environment holds the pair");
        problems.push(Problem { file, place, line, refused: false, ..of_failure(&doubt.into()) });
    }
    if is_sound(&problems) {
        let partner = credentials.as_ref().map(|it| it.auth_id.as_str());
        problems.extend(unusable(settings, partner, environment).map(|refused| {
            let failure = Failure::from(refused);
            // What is in use now need not be when the close begins.
            Problem { refused: failure.exit != Exit::Line, ..of_failure(&failure) }
        }));
    }
    checked.problems = problems;
    Examined { checked, credentials }
}

/// What settings that are right in themselves could not be used for: a rate card with a text that no export takes, or a place
/// that nothing can be written to.
fn unusable(settings: &Settings, partner: Option<&str>, environment: &Environment) -> Option<RunError> {
    let last = Period::last_over(environment.today(settings.partner.timezone));
    let folder = settings.reports.join(last.to_string());
    let card = settings.rate_card().ok()?;
    let texts = refuse_texts(&card, &settings.export).map_err(RunError::from);
    texts.and_then(|()| run::preflight(&folder, settings.archive.as_deref(), partner)).err()
}

/// Looks at everything that a close begins with; asks the partner only where that is wanted and nothing is refused.
pub(super) async fn check(args: &CheckArgs, environment: &Environment, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let Examined { checked: mut looked, credentials } = examine(args.config.as_deref(), args.online, environment);
    let mut problems = std::mem::take(&mut looked.problems);
    let Checked { settings, file, card, .. } = &looked;
    let mut standing = None;
    if let Some(credentials) = credentials.filter(|_| args.online && is_sound(&problems)) {
        standing = Some(partner::asked(settings, credentials.clone(), environment, watch).await?);
        if looked.names_accounts() {
            let listed = partner::accounts(settings, credentials, environment, watch).await?;
            problems.extend(looked.unmatched(listed.accounts.iter().map(String::as_str), listed.is_whole));
        }
    }
    let sound = is_sound(&problems);
    let names: Vec<String> = [file, card].into_iter().flatten().map(|file| file.display().to_string()).collect();
    let mut lines = told(&problems);
    lines.extend(standing.as_ref().map(partner::told).into_iter().flatten());
    let refused = problems.iter().filter(|problem| problem.refused).count();
    let doubts = problems.len() - refused;
    let read = if names.is_empty() { "the defaults".to_owned() } else { names.join(", ") };
    let doubted = match doubts {
        0 => "no warnings".to_owned(),
        1 => "1 warning".to_owned(),
        _ => format!("{doubts} warnings"),
    };
    lines.push(match refused {
        0 => format!("{read}: fit for a close, {doubted}"),
        1 => format!("{read}: 1 error, {doubted}"),
        _ => format!("{read}: {refused} errors, {doubted}"),
    });
    let json = object(json!({
        "settings": file.as_ref().map(|file| file.display().to_string()),
        "rate_card": card.as_ref().map(|file| file.display().to_string()),
        "problems": problems.iter().map(as_json).collect::<Vec<Value>>(),
        "partner": standing.as_ref().map_or(Value::Null, partner::as_json),
    }));
    Ok(Outcome { ending: if sound { Ending::Fit } else { Ending::Unfit }, said: Said::lines(lines), json })
}

/// Whether a close would not refuse any of it.
fn is_sound(problems: &[Problem]) -> bool {
    !problems.iter().any(|problem| problem.refused)
}

fn of_failure(failure: &Failure) -> Problem {
    Problem { file: None, place: None, line: failure.line(), hint: failure.hint.clone(), refused: true }
}

fn word(problem: &Problem) -> &'static str {
    if problem.refused { "error" } else { "warning" }
}

/// The problems a line each; advice that holds for several in a row stands once, behind the last.
fn told(problems: &[Problem]) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, problem) in problems.iter().enumerate() {
        lines.push(format!("{}: {}", word(problem), problem.line));
        let next = problems.get(at + 1);
        let hint = problem.hint.as_ref().filter(|_| next.is_none_or(|next| next.hint != problem.hint));
        lines.extend(hint.map(|hint| format!("hint: {hint}")));
    }
    lines
}

fn as_json(problem: &Problem) -> Value {
    json!({
        "severity": word(problem),
        "file": problem.file.as_ref().map(|file| file.display().to_string()),
        "line": problem.place.map(|place| place.line),
        "column": problem.place.map(|place| place.column),
        "message": problem.line,
        "hint": problem.hint,
    })
}
