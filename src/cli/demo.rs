//! The demo: a whole close against the embedded simulator, checked against what the scenario planted.

use std::path::PathBuf;

use anyhow::anyhow;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::args::DemoArgs;
use super::ending::Ending;
use super::environment::Environment;
use super::exit::{Exit, Failure, Outcome};
use super::result::outcome_of;
use super::simulate::{scenario_at, world_of};
use crate::archive::FetchPlan;
use crate::domain::AccountId;
use crate::fetch::{Credentials, Limits, Line, Secret, Thorough};
use crate::invoice::{ExportTerms, InvoiceTerms, RateCard, RechargeTerms};
use crate::run::{self, Request, Terms};
use crate::simulator::{BASE_PATH, GlobalLedgerClaim, Scenario, World, serve};
use crate::watch::Watch;

/// The scenario that is built in.
const SCENARIO: &str = include_str!("../../fixtures/scenarios/demo.toml");

/// The rate card that is built in.
const RATE_CARD: &str = include_str!("../../fixtures/rate-cards/standard.toml");

/// The files for other programs that it makes: all there are.
const EXPORT_TERMS: &str = r#"formats = ["tally", "zoho", "xero", "e-invoice", "hledger", "beancount"]"#;

/// Its invoicing terms.
const INVOICE_TERMS: &str = include_str!("../../fixtures/invoicing/demo.toml");

/// Days walked on both sides of the month.
const PAD_DAYS: u32 = 2;

/// Closes the month of a scenario over a real socket, and ends well when it found exactly what was planted.
pub(super) async fn demo(args: &DemoArgs, environment: &Environment, watch: &dyn Watch) -> Result<Outcome, Failure> {
    let scenario = match &args.scenario {
        Some(path) => scenario_at(path)?,
        None => Scenario::read(SCENARIO).map_err(bug)?,
    };
    let (world, weather) = world_of(&scenario)?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(bug)?;
    let base_url = format!("http://{}{BASE_PATH}", listener.local_addr().map_err(bug)?);
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(world.clone(), weather, listener, async {
        let _ = stopped.await;
    }));
    let request = request(args, &scenario, &world, base_url, environment)?;
    let closed = run::close(&request, watch).await;
    // The server has done its work; what it says at its end changes nothing.
    drop(stop);
    server.abort();
    let (closed, fetched) = closed?;
    let mistakes = world.mistakes(&closed.settled.reconciliation.breaks);
    let mut outcome = outcome_of(&closed, Some(&fetched));
    let planted = world.planted().len();
    let right = mistakes.is_empty() && closed.settled.verdict().word() == scenario.expected.verdict;
    outcome.ending = if right { Ending::AsPlanted } else { Ending::NotAsPlanted };
    let run = closed.folder.display();
    let check = if right {
        format!("the scenario planted {planted} findings, and the close found exactly these {planted}")
    } else {
        "the close did not find what the scenario planted:".to_owned()
    };
    let next = format!("next: tieout verify {run}");
    outcome.said = outcome.said.then([String::new(), check]).then(&mistakes).then([next]);
    outcome.json.insert("planted".to_owned(), planted.into());
    outcome.json.insert("mistakes".to_owned(), mistakes.into_iter().map(Value::from).collect());
    Ok(outcome)
}

fn request(
    args: &DemoArgs,
    scenario: &Scenario,
    world: &World,
    base_url: String,
    environment: &Environment,
) -> Result<Request, Failure> {
    let period = scenario.world.period;
    let (from, to) = period.window(PAD_DAYS);
    let partner = world.partner();
    let credentials = Credentials {
        auth_id: AccountId::parse(&partner.auth_id).map_err(bug)?,
        token: Secret::new(partner.token.clone()),
    };
    Ok(Request {
        period,
        line: Line {
            base_url,
            credentials,
            limits: Limits::default(),
            thorough: Thorough { from_inception: scenario.close.from_inception, ..Thorough::default() },
            now: environment.now.timestamp_micros(),
        },
        plan: FetchPlan { period, from, to, today: scenario.world.today },
        folder: args.out.clone().unwrap_or_else(|| PathBuf::from(format!("reports/demo/{period}"))),
        archive: None,
        terms: Terms {
            timezone: scenario.world.timezone,
            tolerance: scenario.close.tolerance,
            master_declared_absent: scenario.close.global_ledger == GlobalLedgerClaim::None,
            classify: Vec::new(),
            rate_card: RateCard::parse(RATE_CARD).map_err(bug)?,
            invoice: InvoiceTerms::parse(INVOICE_TERMS).map_err(bug)?,
            export: ExportTerms::parse(EXPORT_TERMS).map_err(bug)?,
            recharge: RechargeTerms::default(),
            scenario: Some(scenario.name.clone()),
            strict: false,
        },
    })
}

fn bug(error: impl Into<anyhow::Error>) -> Failure {
    Failure::new(Exit::Bug, anyhow!(error.into()).context("demo"), None)
}
