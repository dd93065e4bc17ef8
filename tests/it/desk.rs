//! A desk to work at: a folder with settings, the simulator behind a socket, and the program that is run there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tempfile::TempDir;
use tieout::simulator::{BASE_PATH, Request, Scenario, Weather, World, serve};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// What a run of the program left behind.
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Told {
    /// The object that `--json` promises.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|_| panic!("no JSON: {}{}", self.stdout, self.stderr))
    }
}

/// What a program that has ended left behind.
pub(crate) fn told(output: Output) -> Told {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap_or_else(|| panic!("ended by a signal: {:?}", output.status));
    Told { code, stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// A partner behind a socket; it is gone when this is dropped.
pub(crate) struct Partner {
    pub(crate) base_url: String,
    pub(crate) world: Arc<World>,
    _runtime: Runtime,
}

impl Partner {
    /// Serves the world of a scenario.
    pub(crate) fn of(scenario: &str) -> Self {
        Self::serving(&Scenario::read(scenario).unwrap())
    }

    /// The same for one that was read already.
    pub(crate) fn serving(scenario: &Scenario) -> Self {
        let world = Arc::new(World::build(scenario).unwrap());
        let weather = Weather::new(scenario.weather.clone(), scenario.seed);
        let (runtime, listener, base_url) = listening();
        runtime.spawn(serve(Arc::clone(&world), weather, listener, std::future::pending()));
        Self { base_url, world, _runtime: runtime }
    }

    /// Serves a world whose partner says of itself what `me` gives, with this status, and counts what it was asked.
    pub(crate) fn saying(scenario: &str, status: u16, me: &str) -> (Self, Arc<AtomicUsize>) {
        let world = Arc::new(World::build(&Scenario::read(scenario).unwrap()).unwrap());
        let (asked, answer) =
            (Arc::new(AtomicUsize::new(0)), (axum::http::StatusCode::from_u16(status).unwrap(), me.to_owned()));
        let counted = Arc::clone(&asked);
        let app = axum::Router::new().fallback(move |uri: Uri| {
            assert_eq!(uri.path(), format!("{BASE_PATH}/me"));
            counted.fetch_add(1, Ordering::SeqCst);
            std::future::ready(answer.clone())
        });
        let (runtime, listener, base_url) = listening();
        runtime.spawn(async move { axum::serve(listener, app).await });
        (Self { base_url, world, _runtime: runtime }, asked)
    }

    /// The same, but it answers so many requests and then has a breakdown, until it is given more; says what was asked.
    pub(crate) fn failing_after(scenario: &str, answers: usize) -> (Self, Arc<Patience>) {
        let world = Arc::new(World::build(&Scenario::read(scenario).unwrap()).unwrap());
        let patience =
            Arc::new(Patience { world: Arc::clone(&world), left: AtomicUsize::new(answers), asked: Mutex::default() });
        let (runtime, listener, base_url) = listening();
        let app = axum::Router::new().fallback(grudging).with_state(Arc::clone(&patience));
        runtime.spawn(async move { axum::serve(listener, app).await });
        (Self { base_url, world, _runtime: runtime }, patience)
    }
}

/// What a failing partner still answers, and what it was asked.
pub(crate) struct Patience {
    world: Arc<World>,
    left: AtomicUsize,
    asked: Mutex<Vec<String>>,
}

impl Patience {
    /// Lets the partner answer again.
    pub(crate) fn restore(&self) {
        self.left.store(usize::MAX, Ordering::SeqCst);
    }

    /// Requests answered since the last time, path and query below the base.
    pub(crate) fn answered(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn grudging(State(patience): State<Arc<Patience>>, uri: Uri, headers: HeaderMap) -> Response {
    let left = patience.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    if left.is_err() {
        return (axum::http::StatusCode::SERVICE_UNAVAILABLE, "down").into_response();
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let answer = patience.world.answer(&Request {
        method: "GET".to_owned(),
        path: uri.path().strip_prefix(BASE_PATH).unwrap_or_default().to_owned(),
        query: uri.query().map(ToOwned::to_owned),
        auth_id: header("x-auth-id"),
        auth_token: header("x-auth-token"),
    });
    let asked = uri.to_string().strip_prefix(BASE_PATH).unwrap_or_default().to_owned();
    patience.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked);
    (axum::http::StatusCode::from_u16(answer.status).unwrap(), answer.body).into_response()
}

fn listening() -> (Runtime, TcpListener, String) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let base_url = format!("http://{}{BASE_PATH}", listener.local_addr().unwrap());
    (runtime, listener, base_url)
}

/// A folder to work in, with quick settings and the credentials of one partner.
pub(crate) struct Desk {
    folder: TempDir,
    /// `VOBIZ_AUTH_ID` and so on.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl Desk {
    /// A desk from which nobody can be asked yet.
    pub(crate) fn alone() -> Self {
        let desk = Self { folder: tempfile::tempdir().unwrap(), variables: Vec::new() };
        desk.write("tieout.toml", "[fetch]\nrequests_per_second = 1000\nattempts_max = 1\n");
        desk
    }

    /// A desk from which a partner can be asked.
    pub(crate) fn at(partner: &Partner) -> Self {
        Self::alone().with(partner)
    }

    /// The same desk, and another partner at the other end of the line.
    pub(crate) fn with(mut self, partner: &Partner) -> Self {
        let who = partner.world.partner();
        self.variables = vec![
            ("VOBIZ_AUTH_ID", who.auth_id.clone()),
            ("VOBIZ_AUTH_TOKEN", who.token.clone()),
            ("TIEOUT_BASE_URL", partner.base_url.clone()),
        ];
        self
    }

    /// Puts another value, or none, into a variable.
    pub(crate) fn set(&mut self, name: &'static str, value: Option<&str>) {
        self.variables.retain(|(known, _)| *known != name);
        self.variables.extend(value.map(|value| (name, value.to_owned())));
    }

    /// A path below the desk.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|refused| panic!("{name}: {refused}"))
    }

    /// The rows of a table below the desk, each as its fields by the table's columns.
    pub(crate) fn table(&self, name: &str) -> Vec<std::collections::BTreeMap<String, String>> {
        let bytes = self.read(name);
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        reader.deserialize().map(|row| row.unwrap()).collect()
    }

    /// Runs the program here.
    pub(crate) fn tieout(&self, arguments: &[&str]) -> Told {
        told(self.started(env!("CARGO_BIN_EXE_tieout")).args(arguments).output().unwrap())
    }

    /// Starts any program here, with nothing but the desk's variables in its environment.
    pub(crate) fn started(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let variables = self.variables.iter().map(|(name, value)| (name, value.as_str()));
        command.current_dir(self.folder.path()).env_clear().envs(variables);
        command
    }

    /// The files of a folder below the desk, by their names there.
    pub(crate) fn files_in(&self, folder: &str) -> Vec<(String, Vec<u8>)> {
        let within = |(name, bytes): (String, Vec<u8>)| {
            name.strip_prefix(folder).and_then(|name| name.strip_prefix('/')).map(|name| (name.to_owned(), bytes))
        };
        self.files().into_iter().filter_map(within).collect()
    }

    /// The same, which must end with this code.
    pub(crate) fn ends(&self, code: i32, arguments: &[&str]) -> Told {
        let told = self.tieout(arguments);
        assert_eq!(told.code, code, "tieout {}\n{}{}", arguments.join(" "), told.stdout, told.stderr);
        told
    }

    /// Every file below the desk, by its path from there, with its bytes.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let (mut folders, mut files) = (vec![self.folder.path().to_owned()], Vec::new());
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    files.push((self.name_of(&path), fs::read(&path).unwrap()));
                }
            }
        }
        files.sort();
        files
    }

    fn name_of(&self, path: &Path) -> String {
        path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap().to_owned()
    }
}
