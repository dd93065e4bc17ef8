//! A server that sends whatever bytes it is told to, for answers that no sound server gives; and a fetch from it.
//!
//! What it is not told otherwise it answers from sound raw books.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;
use tieout::archive::{Archive, FetchPlan, ListEvidence};
use tieout::domain::{AccountId, List};
use tieout::fetch::{Credentials, FetchError, Fetched, Limits, Line, Secret, Thorough, fetch};
use tieout::run::{Settled, derive};
use tieout::watch::Nobody;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::raw::{PARTNER, RawBooks, period};

/// The token that opens the raw books.
pub(crate) const TOKEN: &str = "the-raw-token-7d0f9c1e";

/// What goes over the line in answer to one request.
#[derive(Clone)]
pub(crate) enum Said {
    /// These bytes, after which the line stays open.
    Bytes(Vec<u8>),
    /// These bytes, after which the line is closed.
    Last(Vec<u8>),
    /// The first bytes, then the second again and again, so far apart, until the client has enough.
    Endless(Vec<u8>, Vec<u8>, Duration),
}

/// Decides what a request, path and query below the base, is answered with; where it is silent, the books answer.
pub(crate) type Script = Arc<dyn Fn(&str) -> Option<Said> + Send + Sync>;

/// The server.
#[derive(Clone)]
pub(crate) struct RawServer {
    script: Script,
    books: Arc<RawBooks>,
    /// Every request head it was sent.
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
}

/// 200 with a JSON body.
pub(crate) fn ok(body: impl AsRef<[u8]>) -> Said {
    status(200, "", body)
}

/// An answer with a status, further headers (each with its line end) and a body of the right length.
pub(crate) fn status(status: u16, headers: &str, body: impl AsRef<[u8]>) -> Said {
    let body = body.as_ref();
    let head = format!("HTTP/1.1 {status} Said\r\n{headers}content-length: {}\r\n\r\n", body.len());
    Said::Bytes([head.as_bytes(), body].concat())
}

impl RawServer {
    pub(crate) fn new(script: impl Fn(&str) -> Option<Said> + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), books: Arc::new(RawBooks::sound()), heads: Arc::default() }
    }

    /// Serves plain connections on a new port of this machine for as long as the runtime lasts.
    pub(crate) async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let server = self.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(server.clone().converse(stream));
            }
        });
        base_url
    }

    /// Answers on one connection until either side ends it.
    pub(crate) async fn converse(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let mut unread = Vec::new();
        loop {
            let Some(end) = unread.windows(4).position(|window| window == b"\r\n\r\n") else {
                match stream.read_buf(&mut unread).await {
                    Ok(1..) => continue,
                    Ok(0) | Err(_) => return,
                }
            };
            let head = String::from_utf8(unread.drain(..end + 4).collect()).unwrap();
            let request = head.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
            self.heads.lock().unwrap().push(head);
            if !send(&mut stream, self.answer(&request)).await {
                return;
            }
        }
    }

    fn answer(&self, request: &str) -> Said {
        let honest = || {
            let list: List = request.split('?').next().unwrap_or_default().parse().ok()?;
            Some(ok(self.books.pages.get(&list)?.first()?))
        };
        (self.script)(request).or_else(honest).unwrap_or_else(|| status(404, "", "{}"))
    }

    /// Path and query of every request.
    pub(crate) fn asked(&self) -> Vec<String> {
        let heads = self.heads.lock().unwrap();
        heads.iter().map(|head| head.split(' ').nth(1).unwrap().trim_start_matches('/').to_owned()).collect()
    }
}

/// Whether the line is still open afterwards.
async fn send(stream: &mut (impl AsyncWrite + Unpin), said: Said) -> bool {
    match said {
        Said::Bytes(bytes) => stream.write_all(&bytes).await.is_ok(),
        Said::Last(bytes) => {
            // The client may have left already.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            false
        }
        Said::Endless(first, more, apart) => {
            let mut sent = stream.write_all(&first).await;
            while sent.is_ok() {
                tokio::time::sleep(apart).await;
                sent = stream.write_all(&more).await;
            }
            false
        }
    }
}

/// Limits under which a hostile server is soon seen through.
pub(crate) fn tight() -> Limits {
    Limits {
        requests_per_second: 100_000,
        attempts_max: 2,
        throttles_max: 2,
        timeout: Duration::from_millis(800),
        backoff: Duration::from_millis(1),
        body_bytes_max: 1 << 20,
        pages_max: 30,
        ..Limits::default()
    }
}

/// What a fetch from some server came to.
pub(crate) struct Met {
    pub(crate) fetched: Result<Fetched, FetchError>,
    archive: Archive,
    _folder: TempDir,
}

/// Fetches the raw books' month from a base.
pub(crate) async fn meet(base_url: String, limits: Limits) -> Met {
    let folder = TempDir::new().unwrap();
    let archive = Archive::open(&folder.path().join("raw.sqlite"), PARTNER).unwrap();
    let credentials = Credentials { auth_id: AccountId::parse(PARTNER).unwrap(), token: Secret::new(TOKEN.to_owned()) };
    let (from, to) = period().window(2);
    let plan = FetchPlan { period: period(), from, to, today: to };
    let line = Line { base_url, credentials, limits, thorough: Thorough::default(), now: 1_775_000_000_000_000 };
    let fetched = fetch(&line, &archive, &plan, &Nobody).await;
    Met { fetched, archive, _folder: folder }
}

impl Met {
    /// The close that follows.
    pub(crate) fn settled(&self) -> Settled {
        derive(&self.archive, RawBooks::inputs(&self.archive), &Nobody).unwrap()
    }

    /// The evidence, list by list.
    pub(crate) fn lists(&self) -> Vec<ListEvidence> {
        let fetched = self.fetched.as_ref().unwrap();
        self.archive.evidence(fetched.fetch).unwrap().lists
    }

    /// The archived body of the first page of a list.
    pub(crate) fn body(&self, list: &ListEvidence) -> Vec<u8> {
        self.archive.body(&list.pages.first().expect("a page").digest).unwrap()
    }

    /// One line: the error, or the verdict with everything that says so.
    pub(crate) fn told(&self) -> String {
        if let Err(error) = &self.fetched {
            return format!("refused: {error}");
        }
        let settled = self.settled();
        let breaks = settled.reconciliation.breaks.iter();
        let breaks = breaks.map(|found| format!("; {}: {}", found.class().slug(), found.explanation()));
        format!("{}{}", settled.verdict().word(), breaks.collect::<String>())
    }
}
