//! The same partner behind a socket, with the weather on its line. Knows HTTP and nothing of books.

use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::answer::{Answer, Request};
use super::arrivals::Stages;
use super::http::{self, HEAD_BYTES_MAX, Head};
use super::weather::{Fault, Weather};
use super::world::World;

/// Where the partner API begins.
pub const BASE_PATH: &str = "/api/v1/partner";

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// How long nothing is accepted after accepting has failed.
const PAUSE: Duration = Duration::from_millis(20);

/// Drops that a dripping answer comes in.
const DROPS: u32 = 8;

/// A gateway's own page.
const GATEWAY_PAGE: &[u8] = b"<html><body><h1>502 Bad Gateway</h1></body></html>\n";

/// A request that has come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Method, path and query: what the weather is drawn by.
    pub key: String,
    /// Which attempt at it this is, from 1.
    pub attempt: u32,
    /// What happens to it.
    pub fault: Fault,
    /// Entries that have arrived by now.
    pub arrived: usize,
}

/// Who looks on while a world is served.
pub trait Onlooker: Send + Sync {
    /// Sees a request come in, before anything is done about it.
    fn saw(&self, asked: Asked);
}

/// Looks away.
struct Nobody;

impl Onlooker for Nobody {
    fn saw(&self, _asked: Asked) {}
}

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
    serve_seen(world, weather, listener, stop, Arc::new(Nobody)).await
}

/// Serves a world until `stop` is over, while someone looks on.
///
/// # Errors
/// When the listener fails.
pub async fn serve_seen(
    world: Arc<World>,
    weather: Weather,
    mut listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
    onlooker: Arc<dyn Onlooker>,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let (outage, mut outages) = mpsc::unbounded_channel();
    let stages = Stages::new(world, &weather);
    let line = Arc::new(Line { stages, weather, onlooker, seen: Mutex::default(), outage });
    let mut open = JoinSet::new();
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            Some(away) = outages.recv() => {
                open.abort_all();
                drop(listener);
                listener = back_after(address, away).await?;
                // Who else wanted to go away has been away.
                while outages.try_recv().is_ok() {}
            }
            Some(_ended) = open.join_next(), if !open.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _peer)) => {
                    let _ = open.spawn(converse(Arc::clone(&line), stream));
                }
                Err(_nobody) => tokio::time::sleep(PAUSE).await,
            },
        }
    }
}

/// Listens again after a while, in which connections are refused and nobody else can take the port.
async fn back_after(address: SocketAddr, away: Duration) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    tokio::time::sleep(away).await;
    socket.listen(BACKLOG)
}

/// Answers one request after the other, until either side ends the connection.
async fn converse(line: Arc<Line>, mut stream: TcpStream) {
    let mut unread = Vec::new();
    while let Some(head) = next_head(&mut stream, &mut unread).await {
        let reply = line.reply(&head).await;
        if reply.send(&mut stream).await.is_err() {
            return;
        }
        match reply.end {
            End::Open if head.may_be_followed() => {}
            End::Open | End::Closed => return,
            End::Reset => {
                // Then the drop sends a reset and not an orderly end; a line that is gone already needs neither.
                let _ = stream.set_zero_linger();
                return;
            }
        }
    }
}

/// The next head on a connection; nothing when the client is gone or sends no head within bounds.
async fn next_head(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Head> {
    loop {
        if let Some((head, length)) = Head::read(unread) {
            unread.drain(..length);
            return Some(head);
        }
        if unread.len() > HEAD_BYTES_MAX || stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
}

struct Line {
    stages: Stages,
    weather: Weather,
    onlooker: Arc<dyn Onlooker>,
    seen: Mutex<Seen>,
    outage: mpsc::UnboundedSender<Duration>,
}

/// What has come in so far.
#[derive(Default)]
struct Seen {
    requests: u32,
    /// Attempts, by request.
    attempts: BTreeMap<String, u32>,
}

/// What goes over the line in reply, and what becomes of the line.
struct Reply {
    bytes: Vec<u8>,
    /// How long the bytes take.
    over: Duration,
    end: End,
}

enum End {
    Open,
    Closed,
    Reset,
}

impl Line {
    async fn reply(&self, head: &Head) -> Reply {
        let key = format!("{} {}", head.method, head.target);
        let (attempt, request) = self.count(&key);
        let (arrived, world) = self.stages.at(request);
        let fault = self.weather.fault(&key, attempt);
        self.onlooker.saw(Asked { key: key.clone(), attempt, fault, arrived });
        sleep_ms(self.weather.latency_ms(&key, attempt)).await;
        let mut answer = match fault {
            Fault::TooManyRequests { .. } => Answer::refusal(429, "Too many requests"),
            Fault::Busy { .. } => Answer::refusal(503, "The server is busy"),
            Fault::ServerError(status) => Answer::refusal(status, "The server had a problem"),
            Fault::Html(status) => {
                let headers = vec![("content-type", "text/html".to_owned())];
                Answer { status, body: GATEWAY_PAGE.to_vec(), headers }
            }
            Fault::None
            | Fault::Reset
            | Fault::ResetBefore
            | Fault::Truncated
            | Fault::LengthMore
            | Fault::LengthLess
            | Fault::Gzip
            | Fault::GzipBroken
            | Fault::Slow(_)
            | Fault::Drip(_)
            | Fault::Outage(_) => {
                world.map_or_else(|| Answer::refusal(404, "No such world"), |world| world.answer(&question(head)))
            }
        };
        answer.headers.push(("date", self.weather.date(&key, attempt)));
        if let Fault::TooManyRequests { retry_after_seconds: Some(seconds) }
        | Fault::Busy { retry_after_seconds: Some(seconds) } = fault
        {
            answer.headers.push(("retry-after", self.weather.retry_after(&key, attempt, seconds)));
        }
        self.spoiled(fault, answer, head.takes_gzip()).await
    }

    /// An answer as the weather lets it through.
    async fn spoiled(&self, fault: Fault, answer: Answer, gzip: bool) -> Reply {
        let whole = answer.body.len();
        let third = whole.div_ceil(3);
        match fault {
            Fault::Reset => Reply { end: End::Reset, ..sent(&cut(&answer, third), whole) },
            Fault::ResetBefore => Reply { bytes: Vec::new(), over: Duration::ZERO, end: End::Reset },
            Fault::Truncated => sent(&cut(&answer, third), whole - third),
            Fault::LengthMore => Reply { end: End::Closed, ..sent(&answer, whole + third) },
            Fault::LengthLess => sent(&answer, whole - third),
            Fault::Gzip | Fault::GzipBroken if gzip => {
                let mut packed = http::gzip(&answer.body);
                if fault == Fault::GzipBroken
                    && let Some(byte) = packed.get_mut(10 + third)
                {
                    *byte ^= 0x55;
                }
                let encoding = ("content-encoding", "gzip".to_owned());
                let headers = answer.headers.into_iter().chain([encoding]).collect();
                let length = packed.len();
                sent(&Answer { body: packed, headers, ..answer }, length)
            }
            Fault::Slow(ms) => {
                sleep_ms(ms).await;
                sent(&answer, whole)
            }
            Fault::Drip(ms) => Reply { over: Duration::from_millis(ms), ..sent(&answer, whole) },
            Fault::Outage(ms) => {
                // Whoever listens is gone only when nothing is served any more.
                let _ = self.outage.send(Duration::from_millis(ms));
                Reply { bytes: Vec::new(), over: Duration::ZERO, end: End::Reset }
            }
            Fault::None
            | Fault::TooManyRequests { .. }
            | Fault::Busy { .. }
            | Fault::ServerError(_)
            | Fault::Html(_)
            | Fault::Gzip
            | Fault::GzipBroken => sent(&answer, whole),
        }
    }

    /// The number of this attempt and of this request, from 1.
    fn count(&self, key: &str) -> (u32, u32) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.requests = seen.requests.saturating_add(1);
        let attempt = seen.attempts.get(key).copied().unwrap_or_default().saturating_add(1);
        seen.attempts.insert(key.to_owned(), attempt);
        (attempt, seen.requests)
    }
}

impl Reply {
    async fn send(&self, stream: &mut TcpStream) -> io::Result<()> {
        if self.over.is_zero() {
            return stream.write_all(&self.bytes).await;
        }
        let drops = usize::try_from(DROPS).unwrap_or(1);
        for drop in self.bytes.chunks(self.bytes.len().div_ceil(drops).max(1)) {
            tokio::time::sleep(self.over / DROPS).await;
            stream.write_all(drop).await?;
        }
        Ok(())
    }
}

/// A request outside the base path becomes one for a path that no list has.
fn question(head: &Head) -> Request {
    let (path, query) = head.target.split_once('?').map_or((head.target.as_str(), None), |(p, q)| (p, Some(q)));
    Request {
        method: head.method.clone(),
        path: path.strip_prefix(BASE_PATH).unwrap_or_default().to_owned(),
        query: query.map(ToOwned::to_owned),
        auth_id: head.header("x-auth-id"),
        auth_token: head.header("x-auth-token"),
    }
}

fn sent(answer: &Answer, length: usize) -> Reply {
    let bytes = http::answer(answer.status, &answer.headers, length, &answer.body);
    Reply { bytes, over: Duration::ZERO, end: End::Open }
}

/// The answer with the end of its body gone.
fn cut(answer: &Answer, missing: usize) -> Answer {
    let body = answer.body.iter().take(answer.body.len().saturating_sub(missing)).copied().collect();
    Answer { body, ..answer.clone() }
}

async fn sleep_ms(ms: u64) {
    if ms > 0 {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
}
