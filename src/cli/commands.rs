//! The commands, each handed to the pipeline with everything it needs.

use std::time::Duration;

use anyhow::anyhow;
use serde_json::json;
use tokio::runtime::Runtime;

use super::args::{Command, ExplainArgs, MonthArgs, PackArgs, SettleArgs, VerifyArgs};
use super::demo;
use super::environment::Environment;
use super::exit::{Exit, Failure, Outcome};
use super::month::Month;
use super::result::{object, outcome_of, requests, requests_json};
use super::simulate::{interrupted, simulate};
use super::terminal;
use crate::run;
use crate::watch::Watch;

/// Does what a command asks for.
pub(super) fn run(command: Command, environment: &Environment, watch: &dyn Watch) -> Result<Outcome, Failure> {
    match command {
        Command::Demo(args) => on_runtime(demo::demo(&args, environment, watch)),
        Command::Close(args) => close(&args, environment, watch),
        Command::Fetch(args) => fetch(&args, environment, watch),
        Command::Settle(args) => settle(&args, watch),
        Command::Verify(args) => verify(&args, watch),
        Command::Explain(args) => explain(&args, watch),
        Command::Pack(args) => pack(&args),
        Command::Simulate(args) => on_runtime(simulate(&args)),
    }
}

fn close(args: &MonthArgs, environment: &Environment, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let month = prepared(args, environment)?;
    on_runtime(async {
        let (closed, fetched) = run::close(&month.request(environment), watch).await?;
        Ok(outcome_of(&closed, Some(&fetched)))
    })
}

fn fetch(args: &MonthArgs, environment: &Environment, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let month = prepared(args, environment)?;
    on_runtime(async {
        let prepared = run::fetch(&month.request(environment), watch).await?;
        let run = prepared.folder.display().to_string();
        let text = format!("{run}: fetched, {}\nnext: tieout settle {run}", requests(&prepared.fetched));
        let json = object(json!({ "run": run, "fetch": requests_json(&prepared.fetched) }));
        Ok(Outcome { exit: Exit::TiedOut, text, json })
    })
}

fn settle(args: &SettleArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let closed = run::settle(&args.run, args.archive.as_deref(), watch)?;
    Ok(outcome_of(&closed, None))
}

fn verify(args: &VerifyArgs, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let verified = run::verify(&args.run, args.archive.as_deref(), args.expect_seal.as_deref(), watch)?;
    let run = args.run.display();
    let holds = verified.faults.is_empty();
    let text = if holds {
        let seal = verified.seal.as_deref().unwrap_or_default();
        format!("{run}: verified, {} papers derived anew, bit for bit\nseal {seal}", verified.papers)
    } else {
        format!("{run}: does not verify\n{}", verified.faults.join("\n"))
    };
    let json = object(json!({
        "run": run.to_string(), "verified": holds, "seal": verified.seal, "papers": verified.papers,
        "faults": verified.faults,
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

/// The month asked for, with a warning when it is not over.
fn prepared(args: &MonthArgs, environment: &Environment) -> Result<Month, Failure> {
    let month = Month::prepare(args, environment)?;
    if let Some(warning) = month.warning() {
        terminal::warn(&warning);
    }
    Ok(month)
}

/// Runs what waits for the network, and ends it when the user interrupts: what is archived stays.
fn on_runtime(work: impl Future<Output = Result<Outcome, Failure>>) -> Result<Outcome, Failure> {
    let runtime = Runtime::new().map_err(|error| Failure::new(Exit::Bug, error, None))?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = work => result,
            () = interrupted() => {
                let hint = "what was fetched is kept; the same command goes on from it".to_owned();
                Err(Failure::new(Exit::Line, anyhow!("interrupted"), Some(hint)))
            }
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}
