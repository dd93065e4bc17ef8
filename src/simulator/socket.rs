//! The same partner behind a socket, with the weather on its line. Knows HTTP and nothing of books.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::Response;
use tokio::net::TcpListener;

use super::answer::{Answer, Request};
use super::weather::{Fault, Weather};
use super::world::World;

/// Where the partner API begins.
pub const BASE_PATH: &str = "/api/v1/partner";

/// Serves a world until `stop` is over.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    world: Arc<World>,
    weather: Weather,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let line = Arc::new(Line { world, weather, attempts: Mutex::default() });
    let app = axum::Router::new().fallback(respond).with_state(line);
    axum::serve(listener, app).with_graceful_shutdown(stop).await
}

struct Line {
    world: Arc<World>,
    weather: Weather,
    /// Attempts seen, by request.
    attempts: Mutex<BTreeMap<String, u32>>,
}

async fn respond(State(line): State<Arc<Line>>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let key = format!("{method} {uri}");
    let attempt = line.count(&key);
    tokio::time::sleep(Duration::from_millis(line.weather.latency_ms(&key, attempt))).await;
    let answer = || line.world.answer(&request(&method, &uri, &headers));
    match line.weather.fault(&key, attempt) {
        Fault::None => plain(answer()),
        Fault::TooManyRequests { retry_after_seconds } => {
            let mut refusal = Answer::refusal(429, "Too many requests");
            refusal.headers.extend(retry_after_seconds.map(|seconds| ("retry-after", seconds.to_string())));
            plain(refusal)
        }
        Fault::ServerError(status) => plain(Answer::refusal(status, "The server had a problem")),
        Fault::HtmlError => plain(Answer {
            status: 502,
            body: b"<html><body><h1>502 Bad Gateway</h1></body></html>\n".to_vec(),
            headers: vec![("content-type", "text/html".to_owned())],
        }),
        Fault::Truncated => plain(cut(answer())),
        Fault::Reset => broken(answer()),
        Fault::Slow(more_ms) => {
            tokio::time::sleep(Duration::from_millis(more_ms)).await;
            plain(answer())
        }
    }
}

impl Line {
    /// The number of this attempt, from 1.
    fn count(&self, key: &str) -> u32 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = attempts.entry(key.to_owned()).or_default();
        *seen = seen.saturating_add(1);
        *seen
    }
}

/// A request outside the base path becomes one for a path that no list has.
fn request(method: &Method, uri: &Uri, headers: &HeaderMap) -> Request {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    Request {
        method: method.to_string(),
        path: uri.path().strip_prefix(BASE_PATH).unwrap_or_default().to_owned(),
        query: uri.query().map(ToOwned::to_owned),
        auth_id: header("x-auth-id"),
        auth_token: header("x-auth-token"),
    }
}

fn plain(answer: Answer) -> Response {
    let body = Body::from(answer.body);
    respond_with(answer.status, &answer.headers, body)
}

/// The answer with the last third of its body gone.
fn cut(mut answer: Answer) -> Answer {
    answer.body.truncate(answer.body.len() - answer.body.len().div_ceil(3));
    answer
}

/// Promises the whole body, sends a part, and drops the connection.
fn broken(answer: Answer) -> Response {
    let mut headers = answer.headers.clone();
    headers.push(("content-length", answer.body.len().to_string()));
    let part = cut(answer);
    let chunks = [Ok(Bytes::from(part.body)), Err(io::Error::from(io::ErrorKind::ConnectionReset))];
    respond_with(part.status, &headers, Body::from_stream(futures::stream::iter(chunks)))
}

fn respond_with(status: u16, headers: &[(&'static str, String)], body: Body) -> Response {
    let builder = Response::builder().status(status).header(header::SERVER, "simulator");
    let builder = headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value));
    builder.body(body).unwrap_or_default()
}
