//! Shows what the stages say: bars on a terminal, a few plain lines elsewhere, nothing with `--quiet`.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{Global, LogFormat};
use super::environment::Environment;
use super::tally::Tally;
use super::terminal;
use crate::domain::on_a_line;
use crate::watch::{Event, Watch};

/// How long the plain lines are silent about pages: a log is read later, not watched.
const LINES_INTERVAL: Duration = Duration::from_secs(10);

/// Shows progress. Shared by concurrent tasks.
pub struct Progress(Mutex<Display>);

/// Where progress goes.
enum Display {
    Silent,
    Lines(Lines),
    Bars(Bars),
}

/// Plain lines: each thing worth knowing once, pages at intervals.
struct Lines {
    say: Box<dyn FnMut(&str) + Send>,
    elapsed: Box<dyn Fn() -> Duration + Send>,
    tally: Tally,
    said_at: Duration,
}

/// Two bars that redraw themselves, and lines above them.
struct Bars {
    screen: MultiProgress,
    ledgers: ProgressBar,
    pages: ProgressBar,
    tally: Tally,
}

impl Progress {
    /// Chooses by what the user wants and stderr can: logs and redrawn bars do not go together.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "progress is paced by the real clock")]
    pub fn on_terminal(global: &Global, environment: &Environment) -> Self {
        let began = Instant::now();
        if global.quiet {
            Self::silent()
        } else if global.log == LogFormat::Json {
            Self::said(|line| tracing::info!(target: "tieout::progress", "{line}"), move || began.elapsed())
        } else if environment.terminal && global.verbose == 0 {
            Self(Mutex::new(Display::Bars(Bars::new())))
        } else {
            Self::lines(io::stderr(), move || began.elapsed())
        }
    }

    /// Shows nothing.
    #[must_use]
    pub const fn silent() -> Self {
        Self(Mutex::new(Display::Silent))
    }

    /// Writes plain lines to `out`, paced by `elapsed`.
    #[must_use]
    pub fn lines(mut out: impl Write + Send + 'static, elapsed: impl Fn() -> Duration + Send + 'static) -> Self {
        // Where nobody listens there is nobody to tell.
        let say = move |line: &str| drop(writeln!(out, "{line}"));
        Self::said(say, elapsed)
    }

    /// Shows nothing from now on, and leaves the screen clean.
    pub(super) fn end(&self) {
        let mut display = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Display::Bars(bars) = &*display {
            bars.clear();
        }
        *display = Display::Silent;
    }

    fn said(say: impl FnMut(&str) + Send + 'static, elapsed: impl Fn() -> Duration + Send + 'static) -> Self {
        let (say, elapsed) = (Box::new(say), Box::new(elapsed));
        Self(Mutex::new(Display::Lines(Lines { say, elapsed, tally: Tally::default(), said_at: Duration::ZERO })))
    }
}

impl Watch for Progress {
    fn saw(&self, event: Event) {
        if let Event::Retried { list, page, attempt, reason, wait } = &event {
            let reason = on_a_line(reason);
            tracing::info!("{list}, page {page}: attempt {attempt} failed ({reason}), next in {wait:?}");
        } else if let Event::RegisterMade { runs } = &event {
            // What is not known any more is worth a word also where nothing else is shown.
            terminal::warn(&format!(
                "the register was not there: it is made anew from the {runs} sealed runs here, and knows nothing of others: what \
                 runs that are not here numbered and billed can be numbered and billed again"
            ));
        } else {
            tracing::debug!("{}", on_a_line(&format!("{event:?}")));
        }
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Display::Silent => {}
            Display::Lines(lines) => lines.saw(&event),
            Display::Bars(bars) => bars.saw(&event),
        }
    }
}

/// What is worth a line of its own: not a page, not a retry, not a list that went well.
fn sentence(event: &Event) -> Option<String> {
    let text = match event {
        Event::FetchBegan { period, pages_held: 0 } => format!("fetching {period}"),
        Event::FetchBegan { period, pages_held } => format!("fetching {period}, going on after {pages_held} pages"),
        Event::AccountsListed { accounts } => format!("{accounts} customers"),
        Event::RateChanged { requests_per_second } => format!("now at most {requests_per_second} requests a second"),
        Event::WalkedAgain { list, walk, reason } => format!("{list}: walk {walk}, as {reason}"),
        Event::ListMissing { list, reason } => format!("{list}: missing ({reason})"),
        Event::FetchEnded { requests, retries, efficiency_per_mille, .. } => {
            took(*requests, *retries, *efficiency_per_mille)
        }
        Event::StageBegan { stage } => (*stage).to_owned(),
        Event::Renewed { run } => {
            format!("{run}: other runs were sealed since it was fetched, it is numbered and billed after them")
        }
        Event::RegisterMade { .. }
        | Event::ListOpened { .. }
        | Event::PageKept { .. }
        | Event::Retried { .. }
        | Event::ListDone { .. }
        | Event::Sealed(_) => return None,
    };
    // Reasons may hold what the partner said.
    Some(on_a_line(&text))
}

/// What a fetch took, and how much of the allowed rate was of use.
fn took(requests: u64, retries: u64, efficiency_per_mille: Option<u64>) -> String {
    let efficiency = efficiency_per_mille
        .map(|per_mille| format!(", efficiency {}.{} % of the allowed rate", per_mille / 10, per_mille % 10));
    format!("fetch: {requests} requests, {retries} of them repeats{}", efficiency.unwrap_or_default())
}

impl Lines {
    fn saw(&mut self, event: &Event) {
        self.tally.count(event);
        let now = (self.elapsed)();
        if let Some(sentence) = sentence(event) {
            (self.say)(&sentence);
        } else if now.saturating_sub(self.said_at) >= LINES_INTERVAL {
            self.said_at = now;
            let ((pages, pages_of), (ledgers, ledgers_of)) = (self.tally.pages(), self.tally.ledgers());
            let seconds = now.as_secs();
            (self.say)(&format!("{pages} of {pages_of} pages, {ledgers} of {ledgers_of} ledgers, {seconds} s"));
        }
    }
}

impl Bars {
    fn new() -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(8));
        // Without colours, so that there is nothing to be switched off. A template that cannot be read shows plainly.
        let bar = |template| {
            let style = ProgressStyle::with_template(template).unwrap_or_else(|_refused| ProgressStyle::default_bar());
            ProgressBar::hidden().with_style(style.progress_chars("=> "))
        };
        let ledgers = bar("ledgers [{bar:30}] {pos} of {len}");
        let pages = bar("pages   [{bar:30}] {pos} of {len}, {per_sec}, {eta} left");
        Self { screen, ledgers, pages, tally: Tally::default() }
    }

    fn saw(&mut self, event: &Event) {
        self.tally.count(event);
        if let Some(sentence) = sentence(event) {
            // The screen draws above the bars; where it cannot, nothing is lost but a line of progress.
            let _ = self.screen.println(sentence);
        }
        if matches!(event, Event::FetchBegan { .. }) {
            self.ledgers = self.screen.add(self.ledgers.clone());
            self.pages = self.screen.add(self.pages.clone());
        }
        let ((pages, pages_of), (ledgers, ledgers_of)) = (self.tally.pages(), self.tally.ledgers());
        self.ledgers.set_length(ledgers_of);
        self.ledgers.set_position(ledgers);
        self.pages.set_length(pages_of);
        self.pages.set_position(pages);
        if matches!(event, Event::FetchEnded { .. }) {
            self.clear();
        }
    }

    fn clear(&self) {
        self.pages.finish_and_clear();
        self.ledgers.finish_and_clear();
    }
}
