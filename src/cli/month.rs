//! What `close` and `fetch` are asked to do, worked out before the first request.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::NaiveDate;

use super::args::MonthArgs;
use super::environment::Environment;
use super::exit::{Exit, Failure};
use crate::archive::FetchPlan;
use crate::domain::Period;
use crate::fetch::{Credentials, Limits, Line, Thorough};
use crate::invoice::RateCard;
use crate::run::{Request, Terms};
use crate::settings::{BaseUrl, FetchSettings, GlobalLedger, Settings, find_credentials};

/// A month to be fetched or closed: everything that arguments, settings and environment say about it.
#[derive(Clone, Debug)]
pub struct Month {
    /// The month.
    pub period: Period,
    /// Today in the partner's zone.
    pub today: NaiveDate,
    /// The run folder asked for; a second run of a sealed month takes another.
    pub run_folder: PathBuf,
    /// Whether the ledgers are walked from the first entry ever.
    pub from_inception: bool,
    /// The settings.
    pub settings: Settings,
    /// The rate card.
    pub card: RateCard,
    /// Where the partner API is.
    pub base_url: BaseUrl,
    /// What opens it.
    pub credentials: Credentials,
}

impl Month {
    /// Works out what is asked.
    ///
    /// # Errors
    /// When settings, rate card, base URL or credentials cannot be used, or the month has not begun; nothing has been
    /// requested then.
    pub fn prepare(args: &MonthArgs, environment: &Environment) -> Result<Self, Failure> {
        let settings = Settings::read(args.config.as_deref())?;
        let today = environment.today(settings.partner.timezone);
        refuse_to_come(args.period, today)?;
        let card = settings.rate_card()?;
        let base_url = base_url(&settings, environment)?;
        let credentials = find_credentials(
            environment.auth_id.clone(),
            environment.auth_token.clone(),
            settings.partner.credentials_file.as_deref(),
        )?;
        let run_folder = args.out.clone().unwrap_or_else(|| settings.reports.join(args.period.to_string()));
        Ok(Self {
            period: args.period,
            today,
            run_folder,
            from_inception: args.from_inception || settings.fetch.from_inception,
            settings,
            card,
            base_url,
            credentials,
        })
    }

    /// The same as the pipeline takes it.
    #[must_use]
    pub fn request(&self, environment: &Environment) -> Request {
        let (fetch, period) = (&self.settings.fetch, self.period);
        let (from, to) = period.window(fetch.pad_days);
        Request {
            period,
            line: Line {
                base_url: self.base_url.as_str().to_owned(),
                credentials: self.credentials.clone(),
                limits: limits(fetch),
                thorough: Thorough {
                    full_walk: fetch.full_walk,
                    type_counts: fetch.type_counts,
                    from_inception: self.from_inception,
                    ..Thorough::default()
                },
                now: environment.now.timestamp_micros(),
            },
            plan: FetchPlan { period, from, to, today: self.today },
            folder: self.run_folder.clone(),
            archive: self.settings.archive.clone(),
            terms: Terms {
                timezone: self.settings.partner.timezone,
                tolerance: self.settings.reconcile.tolerance,
                master_declared_absent: self.settings.partner.global_ledger == GlobalLedger::None,
                classify: self.settings.classify.clone(),
                rate_card: self.card.clone(),
                invoice: self.settings.invoice.clone(),
                export: self.settings.export.clone(),
                recharge: self.settings.recharge,
                scenario: None,
            },
        }
    }

    /// What is worth a warning: a month that is not over in the partner's zone, for entries may still be added to it, and a run
    /// folder that does not stand where the others do, for its archive stands beside it then, and so does another register: what
    /// the others have numbered and billed is not seen from there.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let next = self.period.day_after();
        let running = (self.today < next)
            .then(|| format!("{} is not over before {next}: entries may still be added to it", self.period));
        let (out, reports) = (self.run_folder.parent(), self.settings.reports.as_path());
        let place =
            |folder: &Path| if folder.as_os_str().is_empty() { Path::new(".") } else { folder }.canonicalize().ok();
        let is_apart = self.settings.archive.is_none() && reports.exists() && out.and_then(place) != place(reports);
        let apart = is_apart.then(|| {
            let (out, reports) = (self.run_folder.display(), reports.display());
            format!(
                "{out} does not stand in {reports}: what the runs there have numbered and billed is not known to it"
            )
        });
        running.into_iter().chain(apart).collect()
    }
}

/// Refuses a month that has not begun in the partner's zone: nothing can be booked in it, and its fees would be billed.
fn refuse_to_come(period: Period, today: NaiveDate) -> Result<(), Failure> {
    if period.first_day() <= today {
        return Ok(());
    }
    let over = Period::of(today).previous();
    let refused = anyhow!("{period} has not begun: today is {today} in the partner's zone");
    Err(Failure::new(Exit::Usage, refused, Some(format!("{over} is the last month that is over"))))
}

/// Where the partner API is: the environment's word before the settings'.
pub(super) fn base_url(settings: &Settings, environment: &Environment) -> Result<BaseUrl, Failure> {
    let Some(text) = &environment.base_url else { return Ok(settings.partner.base_url.clone()) };
    text.parse().context("TIEOUT_BASE_URL").map_err(|refused| {
        Failure::new(Exit::Usage, refused, Some("without it, the settings' partner.base_url is used".to_owned()))
    })
}

/// The bounds of a fetch as the settings have them.
pub(super) fn limits(fetch: &FetchSettings) -> Limits {
    Limits {
        requests_per_second: fetch.requests_per_second,
        concurrency: usize::try_from(fetch.concurrency).unwrap_or(usize::MAX),
        attempts_max: fetch.attempts_max,
        timeout: Duration::from_secs(u64::from(fetch.timeout_seconds)),
        walks_max: fetch.walks_max,
        ..Limits::default()
    }
}
