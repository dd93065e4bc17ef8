//! Who the credentials belong to and what they may do, in plain words, and what of it a close needs.

use std::time::Duration;

use anyhow::anyhow;
use serde_json::{Value, json};

use super::environment::Environment;
use super::exit::{Exit, Failure};
use super::month::{base_url, limits};
use crate::fetch::{Credentials, FetchError, Limits, Line, Listed, Standing, Thorough, ask_accounts, ask_who};
use crate::run::RunError;
use crate::settings::Settings;
use crate::watch::Watch;

/// Attempts at the one request, at most: somebody is waiting.
const ATTEMPTS_MAX: u32 = 3;

/// Seconds that an answer is waited for, at most.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Asks the partner once. The credentials are used for that and kept nowhere.
///
/// # Errors
/// With exit code 2 when the partner refuses the credentials or cannot be asked at all, with 5 when it cannot be reached.
pub(super) async fn asked(
    settings: &Settings,
    credentials: Credentials,
    environment: &Environment,
    watch: &dyn Watch,
) -> Result<Standing, Failure> {
    let line = line(settings, credentials, environment)?;
    ask_who(&line, watch).await.map_err(|refused| failed(refused, &line.base_url))
}

/// Asks the partner for its account list, in the same way.
///
/// # Errors
/// As for `asked`.
pub(super) async fn accounts(
    settings: &Settings,
    credentials: Credentials,
    environment: &Environment,
    watch: &dyn Watch,
) -> Result<Listed, Failure> {
    let line = line(settings, credentials, environment)?;
    ask_accounts(&line, watch).await.map_err(|refused| failed(refused, &line.base_url))
}

/// The line for somebody who is waiting.
fn line(settings: &Settings, credentials: Credentials, environment: &Environment) -> Result<Line, Failure> {
    let limits = limits(&settings.fetch);
    let limits = Limits {
        attempts_max: limits.attempts_max.min(ATTEMPTS_MAX),
        timeout: limits.timeout.min(TIMEOUT),
        retry_after_max: TIMEOUT,
        ..limits
    };
    Ok(Line {
        base_url: base_url(settings, environment)?.as_str().to_owned(),
        credentials,
        limits,
        thorough: Thorough::default(),
        now: environment.now.timestamp_micros(),
    })
}

/// The failure in plain words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are told as in a close")]
fn failed(refused: FetchError, base_url: &str) -> Failure {
    let (exit, said, hint) = match &refused {
        FetchError::Credentials { status: 401, .. } => (
            Exit::Usage,
            "the partner does not know these credentials".to_owned(),
            "auth id and token must be a pair, the partner's own (`PA_…`), and the token the one that holds now",
        ),
        FetchError::Credentials { .. } => (
            Exit::Usage,
            "the partner knows these credentials and does not let them in".to_owned(),
            "partner credentials (`PA_…`) open the partner API, a customer's do not; ask the platform whether the account is blocked",
        ),
        FetchError::Line { .. } => {
            let said = format!("no answer that can be used from {base_url}");
            (Exit::Line, said, "is the address right, and the network open?")
        }
        _ => return RunError::Fetch(refused).into(),
    };
    Failure::new(exit, anyhow!(refused).context(said), Some(hint.to_owned()))
}

/// The same for people.
pub(super) fn told(it: &Standing) -> Vec<String> {
    let name = it.name.as_deref().unwrap_or("no name");
    let accounts = match (it.accounts, it.accounts_max) {
        (Some(seen), Some(max)) => format!(", {seen} customers of at most {max}"),
        (Some(seen), None) => format!(", {seen} customers"),
        (None, _) => String::new(),
    };
    let said = |answer: Option<bool>, yes, no| match answer {
        Some(true) => yes,
        Some(false) => no,
        None => "not said",
    };
    let rows = [
        ("active", said(it.active, "yes", "no"), "a close needs it"),
        ("verified", said(it.verified, "yes", "no"), "a close does not need it"),
        ("create customer accounts", may(it.creates_accounts), "a close does not need it"),
        ("create pricing tiers", may(it.creates_pricing_tiers), "a close does not need it"),
        ("read call records", may(it.views_call_records), "a close does not need it: it reads ledgers"),
        (
            "transfer balance",
            may(it.transfers_balance),
            "a close does not need it, and never does it: tieout only asks (GET)",
        ),
    ];
    let rows = rows.into_iter().map(|(what, answer, meaning)| format!("  {what:<25} {answer:<12} {meaning}"));
    let head = format!("partner {name} ({}){accounts}", it.auth_id);
    [head].into_iter().chain(rows).chain([verdict(it).to_owned()]).collect()
}

fn may(answer: Option<bool>) -> &'static str {
    match answer {
        Some(true) => "allowed",
        Some(false) => "not allowed",
        None => "not said",
    }
}

/// What follows for a close: reading accounts and ledgers hangs on none of the rights that `/me` names.
fn verdict(it: &Standing) -> &'static str {
    match it.active {
        Some(false) => "the partner is not active: a close may be refused, ask the platform first",
        Some(true) | None => "the credentials are right: a close can begin",
    }
}

/// The same for scripts.
pub(super) fn as_json(it: &Standing) -> Value {
    json!({
        "auth_id": it.auth_id.as_str(), "name": it.name, "active": it.active, "verified": it.verified,
        "accounts": it.accounts, "accounts_max": it.accounts_max,
        "rights": {
            "can_create_accounts": it.creates_accounts, "can_create_pricing_tiers": it.creates_pricing_tiers,
            "can_view_cdrs": it.views_call_records, "can_transfer_balance": it.transfers_balance,
        },
    })
}
