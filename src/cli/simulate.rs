//! The simulator behind a socket, and the scenarios it serves.

use std::future::poll_fn;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;

use anyhow::anyhow;
use serde_json::{Map, json};
use tokio::net::TcpListener;

use super::args::SimulateArgs;
use super::ending::Ending;
use super::exit::{Exit, Failure, Outcome};
use super::result::object;
use super::said::Said;
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
    // Signals are heard from now on: whoever reads what is announced may end it at once.
    let mut stop = Box::pin(interrupted());
    let over = poll_fn(|context| Poll::Ready(stop.as_mut().poll(context).is_ready())).await;
    let stop = async move {
        if !over {
            stop.await;
        }
    };
    // The token opens the simulator alone; it is a scenario's, not a secret.
    let base_url = format!("http://{address}{}", crate::simulator::BASE_PATH);
    let said = Said::lines([
        format!("scenario {:?} at {base_url}", scenario.name),
        format!("VOBIZ_AUTH_ID={} VOBIZ_AUTH_TOKEN={}", partner.auth_id, partner.token),
    ]);
    let json = object(json!({
        "scenario": scenario.name, "base_url": base_url, "auth_id": partner.auth_id, "auth_token": partner.token,
    }));
    terminal::announce(Ending::Serving, &said, json);
    serve(world, weather, listener, stop).await.map_err(refused)?;
    Ok(Outcome { ending: Ending::Serving, said: Said::nothing(), json: Map::new() })
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
