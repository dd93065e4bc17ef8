//! The socket and the weather on its line.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use tieout::simulator::{BASE_PATH, Fault, Scenario, Weather, World, serve};

use super::{get, scenario};

proptest! {
    #[test]
    fn weather_depends_on_seed_request_and_attempt_alone(seed: u64, page in 0_u32..500) {
        let plan = scenario("[weather]\nserver_errors = 400\nresets = 200\nfaults_max = 3\n").weather;
        let weather = Weather::new(plan.clone(), seed);
        let key = format!("GET /transactions?page={page}");
        for attempt in 1..=3 {
            prop_assert_eq!(weather.fault(&key, attempt), Weather::new(plan.clone(), seed).fault(&key, attempt));
        }
        prop_assert_eq!(weather.fault(&key, 4), Fault::None);
    }
}

#[test]
fn weather_strikes_about_as_often_as_planned() {
    let plan = scenario("[weather]\nserver_errors = 100\nresets = 50\nlatency_ms = [5, 25]\n").weather;
    let strikes = |seed: u64| -> Vec<Fault> {
        let weather = Weather::new(plan.clone(), seed);
        (0..2000).map(|page| weather.fault(&format!("GET /transactions?page={page}"), 1)).collect()
    };
    let (one, other) = (strikes(1), strikes(2));
    assert_ne!(one, other, "another seed, another weather");
    let errors = one.iter().filter(|fault| matches!(fault, Fault::ServerError(_))).count();
    let resets = one.iter().filter(|fault| **fault == Fault::Reset).count();
    assert!((150..250).contains(&errors) && (65..135).contains(&resets), "{errors} errors, {resets} resets");
    let weather = Weather::new(plan, 1);
    let delays: BTreeSet<u64> = (1..500).map(|attempt| weather.latency_ms("GET /me", attempt)).collect();
    assert_eq!((delays.first(), delays.last(), delays.len()), (Some(&5), Some(&25), 21));
}

/// One request over the socket: status and body, or nothing when the connection broke before the body was whole.
async fn over_the_socket(world: &World, at: std::net::SocketAddr, target: &str) -> Option<(u16, Vec<u8>)> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut line = tokio::net::TcpStream::connect(at).await.unwrap();
    let (id, token) = (&world.partner().auth_id, &world.partner().token);
    let head = format!(
        "GET {target} HTTP/1.1\r\nhost: test\r\nx-auth-id: {id}\r\nx-auth-token: {token}\r\nconnection: close\r\n\r\n"
    );
    line.write_all(head.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _broken = line.read_to_end(&mut bytes).await;
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
    let body = bytes[end + 4..].to_vec();
    let length: usize = head.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse().unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (body.len() == length).then_some((status, body))
}

/// Serves a world while a check runs.
async fn served<T>(scenario: &Scenario, check: impl AsyncFnOnce(&World, std::net::SocketAddr) -> T) -> T {
    let world = Arc::new(World::build(scenario).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let weather = Weather::new(scenario.weather.clone(), scenario.seed);
    let serving = tokio::spawn(serve(Arc::clone(&world), weather, listener, async move {
        let _gone = stopped.await;
    }));
    let found = check(&world, at).await;
    stop.send(()).unwrap();
    serving.await.unwrap().unwrap();
    found
}

#[tokio::test]
async fn the_socket_serves_the_same_bytes() {
    served(&scenario(""), async |world, at| {
        for target in ["/me", "/accounts?per_page=100", "/transactions?per_page=200&page=2", "/transactions?page=0"] {
            let (status, body) = over_the_socket(world, at, &format!("{BASE_PATH}{target}")).await.unwrap();
            let answer = get(world, target);
            assert_eq!((status, body), (answer.status, answer.body), "{target}");
        }
        assert_eq!(over_the_socket(world, at, "/elsewhere").await.unwrap().0, 404);
    })
    .await;
}

#[tokio::test]
async fn bad_weather_strikes_and_heals() {
    let target = format!("{BASE_PATH}/transactions?per_page=200");
    for (share, expected) in
        [("too_many_requests", Some(429)), ("html_errors", Some(502)), ("truncated", Some(200)), ("resets", None)]
    {
        let scenario = scenario(&format!("[weather]\n{share} = 1000\nfaults_max = 1\n"));
        served(&scenario, async |world, at| {
            let first = over_the_socket(world, at, &target).await;
            assert_eq!(first.as_ref().map(|(status, _)| *status), expected, "{share}");
            if let Some((200, body)) = first {
                assert!(serde_json::from_slice::<Value>(&body).is_err(), "a cut body");
            }
            let (status, body) = over_the_socket(world, at, &target).await.unwrap();
            assert_eq!((status, body), (200, get(world, "/transactions?per_page=200").body), "{share}");
        })
        .await;
    }
}
