//! The first hour: settings and rate card are written, and the partner is asked what the credentials may do.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::args::InitArgs;
use super::ending::Ending;
use super::environment::Environment;
use super::exit::{Failure, Outcome};
use super::interview::{Asked, interview};
use super::month::base_url;
use super::partner;
use super::result::object;
use super::said::Said;
use crate::domain::Period;
use crate::settings::{Beginning, CredentialsError, SETTINGS_FILE, Settings, begin, find_credentials};
use crate::watch::Watch;

/// Writes the first files, then asks the partner, where there are credentials to ask with.
pub(super) async fn init(args: &InitArgs, environment: &Environment, watch: &dyn Watch) -> Result<Outcome, Failure> {
    // What cannot be used is refused before anything is written.
    let credentials = match find_credentials(environment.auth_id.clone(), environment.auth_token.clone(), None) {
        Ok(found) => Some(found),
        Err(CredentialsError::Absent) => None,
        Err(refused) => return Err(refused.into()),
    };
    base_url(&Settings::default(), environment)?;
    let folder = args.dir.clone().unwrap_or_default();
    let beginning = if environment.asks {
        interview(Asked::from(args), &mut io::stdin().lock(), &mut io::stderr().lock())?
    } else {
        Asked::from(args).or_default()
    };
    let files = begin(&folder, &beginning, args.force)?;
    let settings = Settings::read(Some(&folder.join(SETTINGS_FILE)))?;
    let standing = match credentials {
        Some(credentials) if !args.offline => Some(
            partner::asked(&settings, credentials, environment, watch)
                .await
                .map_err(|failure| written(failure, &files))?,
        ),
        Some(_) | None => None,
    };
    let [settings_file, card] = files.map(|file| file.display().to_string());
    let Beginning { timezone, currency, markup, .. } = &beginning;
    let asked = match &standing {
        Some(standing) => partner::told(standing),
        None if args.offline => vec!["the partner was not asked (--offline)".to_owned()],
        None => vec![
            "no VOBIZ_AUTH_ID and VOBIZ_AUTH_TOKEN in the environment: the partner was not asked, \
                 `tieout check --online` does it later"
                .to_owned(),
        ],
    };
    let last = last_month(environment, &settings);
    let written = [
        format!("{settings_file}: written, months of {timezone}"),
        format!("{card}: written, {markup} % above cost, fees in {currency}"),
    ];
    let said = Said::lines(written).then(asked).then([format!("next: {}", next(&folder, last))]);
    let json = object(json!({
        "settings": settings_file, "rate_card": card,
        "timezone": timezone.name(), "currency": currency.code(), "markup": markup.to_string(),
        "partner": standing.as_ref().map_or(Value::Null, partner::as_json),
    }));
    Ok(Outcome { ending: Ending::Written, said, json })
}

/// The failure of somebody whose files are written all the same.
fn written(failure: Failure, files: &[PathBuf; 2]) -> Failure {
    let [settings, card] = files.each_ref().map(|file| file.display());
    let hint = failure.hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    let hint = format!("{settings} and {card} are written, `tieout check --online` asks the partner again{hint}");
    Failure { hint: Some(hint), ..failure }
}

fn last_month(environment: &Environment, settings: &Settings) -> Period {
    Period::last_over(environment.today(settings.partner.timezone))
}

/// What to do next, from the folder that the reader is in.
fn next(folder: &Path, last: Period) -> String {
    let there = folder.as_os_str().is_empty();
    let config = if there { String::new() } else { format!(" --config {}", folder.join(SETTINGS_FILE).display()) };
    format!("tieout check{config}, then tieout close --period {last}{config}")
}
