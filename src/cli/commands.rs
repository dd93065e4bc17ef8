//! The commands, each handed to the pipeline with everything it needs.

use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;
use thiserror::Error;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

use super::archive::archive;
use super::args::{
    ArchiveArgs, CloseArgs, Command, DraftArgs, ExplainArgs, MonthArgs, PackArgs, RecheckArgs, SettleArgs, SyncArgs,
    VerifyArgs,
};
use super::breaks::breaks;
use super::check::check;
use super::completions::completions;
use super::demo;
use super::ending::Ending;
use super::environment::Environment;
use super::exit::{Exit, Failure, Outcome};
use super::init::init;
use super::manual::manual;
use super::month::{Month, WhichPeriod};
use super::result::{object, outcome_of, outcome_of_drafts, outcome_of_recheck, requests, requests_json};
use super::runs::runs;
use super::said::Said;
use super::signals::{interrupted, outlive_file_limits};
use super::simulate::simulate;
use super::terminal;
use crate::run::{self, Ledgers};
use crate::seal::Rederived;
use crate::settings::{Settings, check as look};
use crate::watch::Watch;

/// How long a command that is interrupted may take to come to an end of its own.
const GRACE: Duration = Duration::from_secs(2);

/// Does what a command asks for, until it is done or the user, or whoever started the program, ends it.
///
/// A fetch ends at its next wait, with everything that came in on disk. What is derived is left as it is: it is sealed
/// whole or not at all.
pub(super) fn run(command: Command, environment: Environment, watch: Arc<dyn Watch>) -> Result<Outcome, Failure> {
    let runtime = Runtime::new().map_err(|error| Failure::new(Exit::Bug, error, None))?;
    let hint = if matches!(command, Command::Close(_) | Command::Fetch(_) | Command::Sync(_) | Command::Recheck(_)) {
        "what was fetched is kept; the same command goes on from it"
    } else {
        "nothing is left half done; the same command begins anew"
    };
    // The simulator ends on these signals by itself.
    let listens = !matches!(command, Command::Simulate(_));
    {
        let _entered = runtime.enter();
        outlive_file_limits();
    }
    let (stop, stopped) = oneshot::channel();
    let mut work = runtime.spawn_blocking(move || answer(command, &environment, &*watch, stopped));
    let interruption = || Failure::new(Exit::Line, anyhow!("interrupted"), Some(hint.to_owned()));
    let done = runtime.block_on(async {
        tokio::select! {
            biased;
            done = &mut work => done,
            () = interrupted(), if listens => {
                // Whoever has ended meanwhile need not hear of it.
                let _ = stop.send(());
                let ended = tokio::time::timeout(GRACE, &mut work).await;
                ended.unwrap_or_else(|_still_at_work| Ok(Err(interruption())))
            }
        }
    });
    runtime.shutdown_background();
    match done {
        Ok(result) => result.map_err(|failure| if failure.error.is::<Stopped>() { interruption() } else { failure }),
        Err(lost) => lost
            .try_into_panic()
            .map_or_else(|lost| Err(Failure::new(Exit::Bug, lost, None)), |panic| resume_unwind(panic)),
    }
}

fn answer(
    command: Command,
    environment: &Environment,
    watch: &dyn Watch,
    stopped: oneshot::Receiver<()>,
) -> Result<Outcome, Failure> {
    match command {
        Command::Init(args) => until(stopped, init(&args, environment, watch)),
        Command::Check(args) => until(stopped, check(&args, environment, watch)),
        Command::Completions(args) => Ok(completions(args.shell)),
        Command::Manual => manual(),
        Command::Demo(args) => until(stopped, demo::demo(&args, environment, watch)),
        Command::Close(args) => close(&args, environment, watch, stopped),
        Command::Fetch(args) => fetch(&args, environment, watch, stopped),
        Command::Sync(args) => sync(args, environment, watch, stopped),
        Command::Recheck(args) => recheck(args, environment, watch, stopped),
        Command::Settle(args) => settle(&args, watch),
        Command::Draft(args) => draft(&args, watch),
        Command::Verify(args) => verify(&args, watch),
        Command::Explain(args) => explain(&args, watch),
        Command::Breaks(args) => breaks(&args, environment),
        Command::Runs(args) => runs(&args, environment),
        Command::Pack(args) => pack(&args),
        Command::Archive(command) => archive(&command),
        Command::Simulate(args) => until(stopped, simulate(&args)),
    }
}

fn close(
    args: &CloseArgs,
    environment: &Environment,
    watch: &dyn Watch,
    stopped: oneshot::Receiver<()>,
) -> Result<Outcome, Failure> {
    let month = Month::prepare_close(&args.month, environment)?;
    month.refuse_unless_over(args.part_month)?;
    warn(&month, args.month.config.as_deref(), environment);
    until(stopped, async {
        if args.part_month {
            let (drafted, fetched) = run::draft_month(&month.request(environment), watch).await?;
            return Ok(outcome_of_drafts(&drafted, Some(&fetched)));
        }
        let (closed, fetched) = run::close(&month.request(environment), watch).await?;
        Ok(outcome_of(&closed, Some(&fetched)))
    })
}

fn fetch(
    args: &MonthArgs,
    environment: &Environment,
    watch: &dyn Watch,
    stopped: oneshot::Receiver<()>,
) -> Result<Outcome, Failure> {
    let month = Month::prepare_close(args, environment)?;
    warn(&month, args.config.as_deref(), environment);
    until(stopped, async {
        let prepared = run::fetch(&month.request(environment), watch).await?;
        let run = prepared.folder.display().to_string();
        // A month that is not over is not settled: so far it gives drafts.
        let next = if month.is_over() { "settle" } else { "draft" };
        let fetched = format!("{run}: fetched, {}", requests(&prepared.fetched));
        let said = Said::lines([fetched, format!("next: tieout {next} {run}")]);
        let json = object(json!({ "run": run, "fetch": requests_json(&prepared.fetched) }));
        Ok(Outcome { ending: Ending::Fetched, said, json })
    })
}

fn sync(
    args: SyncArgs,
    environment: &Environment,
    watch: &dyn Watch,
    stopped: oneshot::Receiver<()>,
) -> Result<Outcome, Failure> {
    let SyncArgs { period, config, out, metrics } = args;
    let period = period.unwrap_or(WhichPeriod::Running);
    let month = Month::prepare(&MonthArgs { period, config, out, from_inception: false, metrics }, environment)?;
    let period = month.period;
    until(stopped, async {
        let synced = run::sync(&month.request(environment), watch).await?;
        let Ledgers { walked, extended, unmoved, lost } = synced.ledgers;
        let ledgers = walked + extended + unmoved + lost;
        let archive = synced.archive.display().to_string();
        let day = if month.is_over() { String::new() } else { format!(", from {} on", period.day_after()) };
        let said = Said::lines([
            format!("{archive}: {period} read, {}", requests(&synced.fetched)),
            format!(
                "{ledgers} ledgers: {unmoved} unmoved, {extended} walked where they moved, {walked} walked whole, \
                 {lost} not whole"
            ),
            format!("next: tieout close --period {period}{day}"),
        ]);
        let json = object(json!({
            "archive": archive, "period": period.to_string(), "fetch": requests_json(&synced.fetched),
            "ledgers": { "unmoved": unmoved, "extended": extended, "walked": walked, "lost": lost },
        }));
        Ok(Outcome { ending: if lost == 0 { Ending::Synced } else { Ending::SyncedInPart }, said, json })
    })
}

fn recheck(
    args: RecheckArgs,
    environment: &Environment,
    watch: &dyn Watch,
    stopped: oneshot::Receiver<()>,
) -> Result<Outcome, Failure> {
    let RecheckArgs { period, config, out, metrics } = args;
    let args = MonthArgs { period, config, out, metrics, from_inception: false };
    let month = Month::prepare(&args, environment)?;
    until(stopped, async {
        let (finished, fetched) = run::recheck::recheck(&month.request(environment), watch).await?;
        Ok(outcome_of_recheck(&finished, &fetched))
    })
}

fn settle(args: &SettleArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let closed = run::settle(&args.run, archive_at(&args.run, &args.place)?.as_deref(), watch)?;
    Ok(outcome_of(&closed, None))
}

fn draft(args: &DraftArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let drafted = run::draft(&args.run, archive_at(&args.run, &args.place)?.as_deref(), watch)?;
    Ok(outcome_of_drafts(&drafted, None))
}

/// The archive that a run rests on, where it is named or the settings name one.
fn archive_at(run: &Path, place: &ArchiveArgs) -> Result<Option<PathBuf>, Failure> {
    if place.archive.is_some() {
        return Ok(place.archive.clone());
    }
    let settings = Settings::read(place.config.as_deref())?;
    Ok(run::archive_for(run, None, settings.archive.as_deref()))
}

fn verify(args: &VerifyArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let verified =
        run::verify(&args.run, archive_at(&args.run, &args.place)?.as_deref(), args.expect_seal.as_deref(), watch)?;
    let run = args.run.display();
    let holds = verified.faults.is_empty();
    let mut said = if holds {
        let seal = verified.seal.as_deref().unwrap_or_default();
        let shown = verified.earlier.as_ref().map_or_else(
            || vec![format!("{run}: verified, {} papers derived anew, bit for bit", verified.papers)],
            |(made, compared)| of_earlier(&run.to_string(), made, compared),
        );
        Said::lines(shown).then([format!("seal {seal}")])
    } else {
        let made = verified.earlier.as_ref().map(|(made, _)| {
            let now = env!("CARGO_PKG_VERSION");
            format!("sealed by tieout {made}, this is {now}: where a rule has changed since, tieout {made} derives it by its own")
        });
        Said::line(format!("{run}: does not verify")).then(&verified.faults).then(made)
    };
    let more = [("to look at", &verified.remarks), ("not shown", &verified.not_shown)];
    for (word, lines) in more {
        said = said.then(lines.iter().map(|line| format!("{word}: {line}")));
    }
    let json = object(json!({
        "run": run.to_string(), "verified": holds, "seal": verified.seal, "papers": verified.papers,
        "faults": verified.faults, "remarks": verified.remarks, "not_shown": verified.not_shown,
        "earlier": verified.earlier.as_ref().map(|(made, compared)| json!({
            "version": made, "same": compared.same, "reworded": compared.reworded, "not_compared": compared.not_compared,
        })),
    }));
    let ending = match (holds, &verified.earlier) {
        (true, None) => Ending::Verified,
        (true, Some(_)) => Ending::VerifiedInFigures,
        (false, _) => Ending::NotVerified,
    };
    Ok(Outcome { ending, said, json })
}

/// What a verification shows of a run that an earlier version sealed.
fn of_earlier(run: &str, made: &str, compared: &Rederived) -> Vec<String> {
    let Rederived { same, reworded, not_compared } = compared;
    let others = if not_compared.is_empty() { "none".to_owned() } else { not_compared.join(", ") };
    vec![
        format!("{run}: verified, all papers are the sealed ones"),
        format!(
            "sealed by tieout {made}, this is {}: it derives {} papers bit for bit, and {} with other words and the same figures",
            env!("CARGO_PKG_VERSION"),
            same.len(),
            reworded.len()
        ),
        format!("not derived again: {others}"),
        format!("to derive every byte again, use tieout {made}"),
    ]
}

fn explain(args: &ExplainArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let text = run::explain(&args.run, archive_at(&args.run, &args.place)?.as_deref(), &args.id, watch)?;
    let json = object(json!({ "id": args.id, "explanation": text }));
    Ok(Outcome { ending: Ending::Explained, said: Said::paper(&text), json })
}

fn pack(args: &PackArgs) -> Result<Outcome, Failure> {
    let file = run::pack(&args.run, archive_at(&args.run, &args.place)?.as_deref(), args.out.as_deref())?;
    let file = file.display().to_string();
    let json = object(json!({ "run": args.run.display().to_string(), "pack": file }));
    let said = Said::lines([format!("{file}: packed"), format!("next: tieout verify {file}")]);
    Ok(Outcome { ending: Ending::Packed, said, json })
}

/// Warns of a month that is not over, and of what `check` doubts.
fn warn(month: &Month, config: Option<&Path>, environment: &Environment) {
    month.warnings().iter().for_each(|warning| terminal::warn(warning));
    let looked = look(config, environment.now);
    let doubts = looked.problems;
    if looked.file.is_none() {
        // Without any settings that is worth a word: a job that lost its folder would bill at cost and without tax.
        let absent = doubts.iter().filter(|doubt| doubt.file.is_none());
        absent.for_each(|doubt| terminal::warn(&doubt.line));
    }
    // Where there is no file, there is none on purpose.
    match doubts.iter().filter(|doubt| doubt.file.is_some()).count() {
        0 => {}
        1 => terminal::warn("1 warning about settings or rate card: `tieout check` tells it"),
        doubts => terminal::warn(&format!("{doubts} warnings about settings or rate card: `tieout check` tells them")),
    }
}

/// Why work that waited for the network has come to nothing.
#[derive(Debug, Error)]
#[error("interrupted")]
struct Stopped;

/// Runs what waits for the network until it is done, or is to stop.
fn until(
    stopped: oneshot::Receiver<()>,
    work: impl Future<Output = Result<Outcome, Failure>>,
) -> Result<Outcome, Failure> {
    Handle::current().block_on(async {
        tokio::select! {
            biased;
            result = work => result,
            Ok(()) = stopped => Err(Failure::new(Exit::Line, Stopped, None)),
        }
    })
}
