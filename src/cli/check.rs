//! Everything that a close would refuse, and what is doubtful, told before the close.

use serde_json::{Value, json};

use super::args::CheckArgs;
use super::ending::Ending;
use super::environment::Environment;
use super::exit::{Failure, Outcome};
use super::month::base_url;
use super::partner;
use super::result::object;
use super::said::Said;
use crate::report::printable;
use crate::run::RunError;
use crate::settings::{Checked, CredentialsError, Problem, check as looked_at, find_credentials};
use crate::watch::Watch;

/// Looks at everything that a close begins with; asks the partner only where that is wanted and nothing is refused.
pub(super) async fn check(args: &CheckArgs, environment: &Environment, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let mut looked = looked_at(args.config.as_deref(), environment.now);
    let mut problems = std::mem::take(&mut looked.problems);
    let Checked { settings, file, card, .. } = &looked;
    if let Err(refused) = base_url(settings, environment) {
        problems.push(of_failure(&refused));
    }
    if let Err(refused) = printable(&settings.invoice) {
        problems.push(Problem { file: file.clone(), ..of_failure(&RunError::from(refused).into()) });
    }
    let own = settings.partner.credentials_file.as_deref();
    let found = find_credentials(environment.auth_id.clone(), environment.auth_token.clone(), own);
    let credentials = match found {
        Ok(found) => Some(found),
        Err(absent @ CredentialsError::Absent) => {
            problems.push(Problem { refused: args.online, ..of_failure(&absent.into()) });
            None
        }
        // The file that the settings name was looked at already.
        Err(_) if environment.auth_id.is_none() && environment.auth_token.is_none() => None,
        Err(refused) => {
            problems.push(of_failure(&refused.into()));
            None
        }
    };
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
