//! The commands, each handed to the pipeline with everything it needs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::args::{Command, ExplainArgs, MonthArgs, PackArgs, SettleArgs, SimulateArgs, VerifyArgs};
use super::demo;
use super::environment::Environment;
use super::exit::{Exit, Failure, Outcome};
use super::month::Month;
use super::terminal;
use crate::fetch::Fetched;
use crate::run::{self, Closed};
use crate::simulator::{Scenario, Weather, World, serve};
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

/// Serves until it is interrupted. Says where on stdout as soon as it listens.
async fn simulate(args: &SimulateArgs) -> Result<Outcome, Failure> {
    let scenario = scenario_at(&args.scenario)?;
    let (world, weather) = world_of(&scenario)?;
    let refused = |error: std::io::Error| {
        Failure::new(Exit::Usage, anyhow!(error).context(format!("--listen {}", args.listen)), None)
    };
    let listener = TcpListener::bind(args.listen).await.map_err(refused)?;
    let address = listener.local_addr().map_err(refused)?;
    let partner = world.partner();
    // The token opens the simulator alone; it is a scenario's, not a secret.
    terminal::announce(&format!(
        "scenario {:?} at http://{address}{}\nVOBIZ_AUTH_ID={} VOBIZ_AUTH_TOKEN={}",
        scenario.name,
        crate::simulator::BASE_PATH,
        partner.auth_id,
        partner.token,
    ));
    serve(world, weather, listener, interrupted()).await.map_err(refused)?;
    Ok(Outcome { exit: Exit::TiedOut, text: String::new(), json: Map::new() })
}

/// Resolves when the user interrupts.
async fn interrupted() {
    // Where no signal can be heard there is none to wait for.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Reads a scenario file.
pub(super) fn scenario_at(path: &Path) -> Result<Scenario, Failure> {
    let refused = |error: anyhow::Error| {
        let hint = "scenario files are described in the README; fixtures/scenarios holds examples".to_owned();
        Failure::new(Exit::Usage, error.context(path.display().to_string()), Some(hint))
    };
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.into()))?;
    Scenario::read(&text).map_err(|error| refused(error.into()))
}

/// Builds what a scenario describes.
pub(super) fn world_of(scenario: &Scenario) -> Result<(Arc<World>, Weather), Failure> {
    let world = World::build(scenario)
        .map_err(|error| Failure::new(Exit::Usage, anyhow!(error).context(scenario.name.clone()), None))?;
    Ok((Arc::new(world), Weather::new(scenario.weather.clone(), scenario.seed)))
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

/// What a close came to.
pub(super) fn outcome_of(closed: &Closed, fetched: Option<&Fetched>) -> Outcome {
    let (settled, run) = (&closed.settled, closed.folder.display().to_string());
    let mut breaks: Map<String, Value> = Map::new();
    for found in &settled.reconciliation.breaks {
        let count = breaks.get(found.class().slug()).and_then(Value::as_u64).unwrap_or(0);
        breaks.insert(found.class().slug().to_owned(), (count + 1).into());
    }
    let line = fetched.map(|fetched| format!("\nfetched with {}", requests(fetched))).unwrap_or_default();
    let text = format!("{}\nrun  {run}\nseal {}{line}", settled.summary().trim_end(), settled.seal.hash);
    let json = object(json!({
        "run": run,
        "seal": settled.seal.hash,
        "verdict": settled.verdict().word(),
        "breaks": breaks,
        "invoices": settled.billing.invoices.len(),
        "held": settled.billing.held.len(),
        "fetch": fetched.map(requests_json),
    }));
    Outcome { exit: settled.verdict().into(), text, json }
}

fn requests(fetched: &Fetched) -> String {
    let Fetched { requests, retries, elapsed, .. } = fetched;
    format!("{requests} requests, {retries} of them repeats, in {} s", elapsed.as_secs())
}

fn requests_json(fetched: &Fetched) -> Value {
    let elapsed_ms = u64::try_from(fetched.elapsed.as_millis()).unwrap_or(u64::MAX);
    json!({ "requests": fetched.requests, "retries": fetched.retries, "elapsed_ms": elapsed_ms })
}

/// The object that `json!({…})` makes.
fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}
