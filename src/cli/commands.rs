//! The commands, each handed to the pipeline with everything it needs.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;
use thiserror::Error;
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

use super::args::{
    Command, DraftArgs, ExplainArgs, MonthArgs, PackArgs, RecheckArgs, SettleArgs, SyncArgs, VerifyArgs,
};
use super::breaks::breaks;
use super::check::check;
use super::completions::completions;
use super::demo;
use super::environment::Environment;
use super::exit::{Exit, Failure, Outcome};
use super::init::init;
use super::manual::manual;
use super::month::Month;
use super::result::{object, outcome_of, outcome_of_recheck, requests, requests_json};
use super::runs::runs;
use super::simulate::{interrupted, simulate};
use super::terminal;
use crate::domain::Period;
use crate::report::printable;
use crate::run::{self, Ledgers, RunError};
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
        Command::Simulate(args) => until(stopped, simulate(&args)),
    }
}

fn close(
    args: &MonthArgs,
    environment: &Environment,
    watch: &dyn Watch,
    stopped: oneshot::Receiver<()>,
) -> Result<Outcome, Failure> {
    let month = prepared(args, environment)?;
    until(stopped, async {
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
    let month = prepared(args, environment)?;
    until(stopped, async {
        let prepared = run::fetch(&month.request(environment), watch).await?;
        let run = prepared.folder.display().to_string();
        let text = format!("{run}: fetched, {}\nnext: tieout settle {run}", requests(&prepared.fetched));
        let json = object(json!({ "run": run, "fetch": requests_json(&prepared.fetched) }));
        Ok(Outcome { exit: Exit::TiedOut, text, json })
    })
}

fn sync(
    args: SyncArgs,
    environment: &Environment,
    watch: &dyn Watch,
    stopped: oneshot::Receiver<()>,
) -> Result<Outcome, Failure> {
    let period = match args.period {
        Some(period) => period,
        None => Period::of(environment.today(Settings::read(args.config.as_deref())?.partner.timezone)),
    };
    let SyncArgs { config, out, metrics, .. } = args;
    let month = Month::prepare(&MonthArgs { period, config, out, from_inception: false, metrics }, environment)?;
    until(stopped, async {
        let synced = run::sync(&month.request(environment), watch).await?;
        let Ledgers { walked, extended, unmoved, lost } = synced.ledgers;
        let ledgers = walked + extended + unmoved + lost;
        let archive = synced.archive.display().to_string();
        let text = format!(
            "{archive}: {period} read, {}\n{ledgers} ledgers: {unmoved} unmoved, {extended} walked where they moved, \
             {walked} walked whole, {lost} not whole\nnext: tieout close --period {period}",
            requests(&synced.fetched)
        );
        let json = object(json!({
            "archive": archive, "period": period.to_string(), "fetch": requests_json(&synced.fetched),
            "ledgers": { "unmoved": unmoved, "extended": extended, "walked": walked, "lost": lost },
        }));
        Ok(Outcome { exit: if lost == 0 { Exit::TiedOut } else { Exit::Incomplete }, text, json })
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
    let closed = run::settle(&args.run, args.archive.as_deref(), watch)?;
    Ok(outcome_of(&closed, None))
}

fn draft(args: &DraftArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let drafted = run::draft(&args.run, args.archive.as_deref(), watch)?;
    let folder = drafted.folder.display().to_string();
    let (invoices, held) = (drafted.invoices, drafted.held.len());
    let told =
        drafted.held.iter().map(|(account, reason)| format!("\nheld: {account}: {}", terminal::printable(reason)));
    let text = format!(
        "{folder}: drafts of invoices: {invoices}, accounts held: {held}; nothing is numbered or sealed by this{}\n\
         they are made by the settings of the fetch: after a change of settings or rate card `tieout close` takes them in",
        told.collect::<String>()
    );
    let json = object(json!({ "folder": folder, "invoices": invoices, "held": held }));
    Ok(Outcome { exit: Exit::TiedOut, text, json })
}

fn verify(args: &VerifyArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let verified = run::verify(&args.run, args.archive.as_deref(), args.expect_seal.as_deref(), watch)?;
    let run = args.run.display();
    let holds = verified.faults.is_empty();
    let mut text = if holds {
        let seal = verified.seal.as_deref().unwrap_or_default();
        format!("{run}: verified, {} papers derived anew, bit for bit\nseal {seal}", verified.papers)
    } else {
        format!("{run}: does not verify\n{}", verified.faults.join("\n"))
    };
    let more = [("to look at", &verified.remarks), ("not shown", &verified.not_shown)];
    for (word, lines) in more {
        text.extend(lines.iter().map(|line| format!("\n{word}: {line}")));
    }
    let json = object(json!({
        "run": run.to_string(), "verified": holds, "seal": verified.seal, "papers": verified.papers,
        "faults": verified.faults, "remarks": verified.remarks, "not_shown": verified.not_shown,
    }));
    Ok(Outcome { exit: if holds { Exit::TiedOut } else { Exit::Seal }, text, json })
}

fn explain(args: &ExplainArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let text = run::explain(&args.run, args.archive.as_deref(), &args.id, watch)?;
    let json = object(json!({ "id": args.id, "explanation": text }));
    Ok(Outcome { exit: Exit::TiedOut, text, json })
}

fn pack(args: &PackArgs) -> Result<Outcome, Failure> {
    let file = run::pack(&args.run, args.archive.as_deref(), args.out.as_deref())?;
    let file = file.display().to_string();
    let json = object(json!({ "run": args.run.display().to_string(), "pack": file }));
    Ok(Outcome { exit: Exit::TiedOut, text: format!("{file}: packed\nnext: tieout verify {file}"), json })
}

/// The month asked for, with a warning when it is not over, and one when `check` has some.
fn prepared(args: &MonthArgs, environment: &Environment) -> Result<Month, Failure> {
    let month = Month::prepare(args, environment)?;
    printable(&month.settings.invoice).map_err(RunError::from)?;
    month.warnings().iter().for_each(|warning| terminal::warn(warning));
    let looked = look(args.config.as_deref(), environment.now);
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
    Ok(month)
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
