//! The simulator behind a socket, and the scenarios it serves.

use std::path::Path;
use std::sync::Arc;

use anyhow::anyhow;
use serde_json::Map;
use tokio::net::TcpListener;

use super::args::SimulateArgs;
use super::exit::{Exit, Failure, Outcome};
use super::signals::interrupted;
use super::terminal;
use crate::simulator::{Scenario, Weather, World, serve};

/// Serves until it is interrupted. Says where on stdout as soon as it listens.
pub(super) async fn simulate(args: &SimulateArgs) -> Result<Outcome, Failure> {
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
