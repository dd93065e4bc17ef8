//! What `close` and `fetch` are asked to do, worked out before the first request.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chrono::NaiveDate;
use thiserror::Error;

use super::args::MonthArgs;
use super::environment::Environment;
use super::exit::{Exit, Failure};
use crate::archive::FetchPlan;
use crate::domain::{Period, PeriodError};
use crate::fetch::{Credentials, Limits, Line, Thorough};
use crate::invoice::RateCard;
use crate::report::{printable, refuse_texts};
use crate::run::{self, Request, RunError, Terms};
use crate::settings::{BaseUrl, FetchSettings, GlobalLedger, Settings, find_credentials};

/// The month that a command is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichPeriod {
    /// A month by its name, `2026-03`.
    Named(Period),
    /// The month that today belongs to in the partner's zone; no text names it.
    Running,
    /// `last` or `previous`: the last month that is over in the partner's zone, whatever day it is there.
    LastOver,
}

/// Why a text names no month.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}, nor `last`, the last month that is over")]
pub struct WhichPeriodError(PeriodError);

impl WhichPeriod {
    /// The month that it is on a day in the partner's zone.
    #[must_use]
    pub fn on(self, today: NaiveDate) -> Period {
        match self {
            Self::Named(period) => period,
            Self::Running => Period::of(today),
            Self::LastOver => Period::last_over(today),
        }
    }
}

impl FromStr for WhichPeriod {
    type Err = WhichPeriodError;

    fn from_str(text: &str) -> Result<Self, WhichPeriodError> {
        match text {
            "last" | "previous" => Ok(Self::LastOver),
            _ => text.parse().map(Self::Named).map_err(WhichPeriodError),
        }
    }
}

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
    /// When settings, rate card, base URL, credentials, or the places that they name cannot be used, or the month has not begun;
    /// nothing has been requested then.
    pub fn prepare(args: &MonthArgs, environment: &Environment) -> Result<Self, Failure> {
        let settings = Settings::read(args.config.as_deref())?;
        let today = environment.today(settings.partner.timezone);
        let period = args.period.on(today);
        refuse_to_come(period, today)?;
        let card = settings.rate_card()?;
        let base_url = base_url(&settings, environment)?;
        let credentials = find_credentials(
            environment.auth_id.clone(),
            environment.auth_token.clone(),
            settings.partner.credentials_file.as_deref(),
        )?;
        let run_folder = args.out.clone().unwrap_or_else(|| settings.reports.join(period.to_string()));
        run::preflight(&run_folder, settings.archive.as_deref(), Some(credentials.auth_id.as_str()))?;
        Ok(Self {
            period,
            today,
            run_folder,
            from_inception: args.from_inception || settings.fetch.from_inception,
            settings,
            card,
            base_url,
            credentials,
        })
    }

    /// The same for a close or a fetch of one, whose papers are to be printed.
    ///
    /// # Errors
    /// Those of `prepare`, and when the settings ask for papers that this program cannot print, or hold a text that one of them
    /// refuses.
    pub fn prepare_close(args: &MonthArgs, environment: &Environment) -> Result<Self, Failure> {
        let month = Self::prepare(args, environment)?;
        printable(&month.settings.invoice).map_err(RunError::from)?;
        refuse_texts(&month.card, &month.settings.export).map_err(RunError::from)?;
        Ok(month)
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
                strict: self.settings.strict,
            },
        }
    }

    /// What is worth a warning: a month that is not over in the partner's zone, for entries may still be added to it, and a run
    /// folder that does not stand where the others do, for its archive stands beside it then, and so does another register: what
    /// the others have numbered and billed is not seen from there.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let next = self.period.day_after();
        let running = (!self.is_over())
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

impl Month {
    /// Whether the month is over in the partner's zone.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.period.is_over(self.today)
    }

    /// Refuses to close a month that is not over in the partner's zone, or to make drafts of one that is.
    pub(super) fn refuse_unless_over(&self, part_month: bool) -> Result<(), Failure> {
        let (period, today, over) = (self.period, self.today, self.period.day_after());
        let (refused, hint) = match (self.is_over(), part_month) {
            (true, false) | (false, true) => return Ok(()),
            (false, false) => (
                anyhow!("{period} is not over: today is {today} in the partner's zone, expected {over} or later"),
                format!("{} is the last month that is over; --part-month makes drafts", Period::last_over(today)),
            ),
            (true, true) => (
                anyhow!("--part-month: {period} is over since {over}, expected a month that is not"),
                "without --part-month the close numbers its invoices and seals them".to_owned(),
            ),
        };
        Err(Failure::new(Exit::Usage, refused, Some(hint)))
    }
}

/// Refuses a month that has not begun in the partner's zone: nothing can be booked in it, and its fees would be billed.
fn refuse_to_come(period: Period, today: NaiveDate) -> Result<(), Failure> {
    if period.first_day() <= today {
        return Ok(());
    }
    let over = Period::last_over(today);
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
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let seconds = |number: u32| Duration::from_secs(u64::from(number));
    Limits {
        requests_per_second: fetch.requests_per_second,
        concurrency: size(fetch.concurrency),
        attempts_max: fetch.attempts_max,
        throttles_max: fetch.throttles_max,
        timeout: seconds(fetch.timeout_seconds),
        retry_after_max: seconds(fetch.retry_after_seconds_max),
        body_bytes_max: size(fetch.answer_mib_max).saturating_mul(1 << 20),
        rows_max: size(fetch.rows_max),
        pages_max: fetch.pages_max,
        overrun_pages_max: fetch.overrun_pages_max,
        accounts_max: u64::from(fetch.accounts_max),
        walks_max: fetch.walks_max,
        wallet_rounds_max: fetch.wallet_rounds_max,
        ..Limits::default()
    }
}
