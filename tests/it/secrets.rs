//! No secret anywhere: not in what a run writes, not in what it says at its loudest, whatever the partner answers.

use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use rusqlite::{Connection, OpenFlags};
use tieout::domain::AccountId;
use tieout::fetch::{Credentials, Limits, Line, Secret, Thorough};
use tieout::run::{self, Request};
use tieout::simulator::{BASE_PATH, Scenario, Weather, World, serve};
use tieout::watch::{Event, Watch};
use tokio::net::TcpListener;

use crate::desk::{Desk, Partner};
use crate::killed::{BREAKS, CLOSE, SCENARIO};
use crate::scenarios::files;
use crate::support::{plan, terms};

/// Every byte that a run has written or said, each with its place.
#[derive(Default)]
struct Told(Vec<(String, Vec<u8>)>);

impl Told {
    fn add(&mut self, place: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.0.push((place.into(), bytes.into()));
    }

    /// Takes in a folder: every file, archives and packs unpacked, workbooks unzipped.
    fn add_folder(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.add_folder(&path);
                continue;
            }
            let (place, bytes) = (path.display().to_string(), fs::read(&path).unwrap());
            // A register packs nothing: whatever stands in it stands in its bytes.
            if bytes.starts_with(b"SQLite format 3\0") && !place.ends_with(".register.sqlite") {
                self.add_database(&path);
            }
            if bytes.starts_with(b"PK\x03\x04") {
                self.add_zip(&place, &bytes);
            }
            self.add(place, bytes);
        }
    }

    fn add_database(&mut self, path: &Path) {
        let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        for (table, name) in [("bodies", "digest"), ("papers", "name")] {
            let mut query = db.prepare(&format!("SELECT {name}, zstd FROM {table}")).unwrap();
            let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))).unwrap();
            for (name, packed) in rows.map(Result::unwrap) {
                let bytes = zstd::decode_all(packed.as_slice()).unwrap();
                if bytes.starts_with(b"PK\x03\x04") {
                    self.add_zip(&name, &bytes);
                }
                self.add(format!("{}, {name}", path.display()), bytes);
            }
        }
    }

    fn add_zip(&mut self, place: &str, bytes: &[u8]) {
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            self.add(format!("{place}, {}", file.name().unwrap()), bytes);
        }
    }

    /// Refuses every place where a secret stands.
    fn hold_none_of(&self, secrets: &[String]) {
        assert!(secrets.iter().all(|secret| secret.len() >= 8), "too short to be looked for");
        for (place, bytes) in &self.0 {
            let text = String::from_utf8_lossy(bytes);
            assert!(!secrets.iter().any(|secret| text.contains(secret)), "a secret stands in {place}");
        }
    }

    fn hold(&self, part: &str) -> bool {
        self.0.iter().any(|(_, bytes)| String::from_utf8_lossy(bytes).contains(part))
    }
}

/// The partner's token and every customer's.
fn secrets_of(world: &World) -> Vec<String> {
    world.accounts().iter().map(|it| it.token.clone()).chain([world.partner().token.clone()]).collect()
}

/// Takes note of everything that the stages say.
#[derive(Default)]
struct Notes(Mutex<String>);

impl Watch for Notes {
    fn saw(&self, event: Event) {
        self.0.lock().unwrap().push_str(&format!("{event:?}\n"));
    }
}

/// Closes a scenario's month over a socket, packs it, and gives everything that was written and said.
async fn closed(scenario: &Scenario, world: &Arc<World>, folder: &Path) -> Told {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}{BASE_PATH}", listener.local_addr().unwrap());
    let weather = Weather::new(scenario.weather.clone(), scenario.seed);
    let server = tokio::spawn(serve(Arc::clone(world), weather, listener, std::future::pending()));
    let partner = world.partner();
    let (auth_id, token) = (AccountId::parse(&partner.auth_id).unwrap(), Secret::new(partner.token.clone()));
    let limits = Limits { requests_per_second: 5000, backoff: Duration::from_millis(1), ..Limits::default() };
    let request = Request {
        period: scenario.world.period,
        line: Line {
            base_url,
            credentials: Credentials { auth_id, token },
            limits,
            thorough: Thorough::default(),
            now: 1_775_000_000_000_000,
        },
        plan: plan(scenario),
        folder: folder.join("run"),
        archive: None,
        terms: terms(scenario),
    };
    let notes = Notes::default();
    let mut told = Told::default();
    match run::close(&request, &notes).await {
        Ok((closed, _)) => {
            told.add("the summary", closed.settled.summary());
            told.add(
                "the explanation",
                run::explain(&closed.folder, None, &partner.auth_id, &notes).unwrap_or_default(),
            );
            run::pack(&closed.folder, None, None).unwrap();
        }
        Err(refused) => told.add("the refusal", format!("{refused:?} {}", refused.in_full())),
    }
    server.abort();
    told.add("the events", notes.0.into_inner().unwrap());
    told.add("the request", format!("{request:?}"));
    told.add_folder(folder);
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn no_scenario_leaves_a_secret_anywhere() {
    let files = files();
    assert!(files.len() > 30);
    for (path, text) in files {
        let scenario = Scenario::read(&text).unwrap();
        let world = Arc::new(World::build(&scenario).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let told = closed(&scenario, &world, folder.path()).await;
        told.hold_none_of(&secrets_of(&world));
        let whole = told.0.iter().any(|(place, _)| place.ends_with("run.pack")) && told.hold("xl/workbook.xml");
        assert!(whole, "{}: no close to look through", path.display());
        assert!(world.accounts().is_empty() || told.hold("[struck]"), "{}: nothing was struck", path.display());
    }
}

/// What the program says at its loudest.
const LOUDEST: [(&str, &str); 3] = [("RUST_LOG", "trace"), ("RUST_BACKTRACE", "full"), ("SQLITE_TRACE", "1")];

/// Everything that a command says at its loudest, as text and as JSON, and everything on the desk after it.
fn loudest(desk: &Desk, command: &[&str], codes: &[i32]) -> Told {
    let mut told = Told::default();
    for form in [&["-vv", "--log", "json", "--json"][..], &["-vvv"]] {
        let mut program = desk.started(env!("CARGO_BIN_EXE_tieout"));
        let output = program.envs(LOUDEST).args(command).args(form).output().unwrap();
        assert!(codes.contains(&output.status.code().unwrap()), "{command:?} {form:?}: {output:?}");
        told.add(format!("stdout of {command:?}"), output.stdout);
        told.add(format!("stderr of {command:?}"), output.stderr);
    }
    told.add_folder(&desk.path(""));
    told
}

#[test]
fn the_loudest_logs_hold_no_secret() {
    let storm = format!("{SCENARIO}[weather]\nserver_errors = 200\nresets = 100\nhtml_errors = 50\ntruncated = 100\n");
    for scenario in [SCENARIO.to_owned(), storm] {
        let partner = Partner::of(&scenario);
        let desk = Desk::at(&partner);
        desk.write("tieout.toml", "[fetch]\nrequests_per_second = 1000\n");
        let close = [&CLOSE[..], &["--metrics", "tieout.prom"]].concat();
        let told = loudest(&desk, &close, &[BREAKS]);
        assert!(told.hold("PageKept") && told.hold("tieout_exit_code 3") && told.hold("[struck]"));
        told.hold_none_of(&secrets_of(&partner.world));
        for command in [&["verify", "reports/2026-03"][..], &["settle", "reports/2026-03"], &["fetch", "--period", "x"]]
        {
            loudest(&desk, command, &[0, 2]).hold_none_of(&secrets_of(&partner.world));
        }
    }
}

/// The token that a hostile partner gives back wherever it can.
const TOKEN: &str = "tk-9f31c7aa55e0d2b4-partner";

/// One of the ways in which a partner refuses, each with the token in it.
type Refusing = fn(&str, &str) -> Option<Response>;

fn said(status: u16, kind: &'static str, body: String) -> Response {
    (StatusCode::from_u16(status).unwrap(), [("content-type", kind)], body).into_response()
}

fn json(status: u16, body: &str, token: &str) -> Response {
    said(status, "application/json", body.replace("TOKEN", token))
}

/// The answers of a partner without customers.
fn sound(path: &str) -> Response {
    let body = match path {
        "me" => r#"{"id":"u-1","auth_id":"PA_1","name":"n","balance":"0.00000"}"#,
        "accounts" => r#"{"accounts":[],"total":0,"page":1,"size":100}"#,
        "dashboard" => r#"{"total_balance":"0.00000","currency":"INR"}"#,
        _ => r#"{"transactions":[],"total":0,"page":1,"per_page":200,"total_pages":0}"#,
    };
    said(200, "application/json", body.to_owned())
}

/// Every class of refusal that the line can bring, and the exit it leads to.
const REFUSALS: [(&str, Refusing); 16] = [
    ("401", |_, token| {
        Some(json(401, r#"{"error":"HTTPError","message":"bad token TOKEN","status_code":401}"#, token))
    }),
    ("401, an object", |_, token| Some(json(401, r#"{"error":{"code":"x","message":"X-Auth-Token: TOKEN"}}"#, token))),
    ("403 at me", |path, token| (path == "me").then(|| json(403, r#"{"message":"TOKEN may not"}"#, token))),
    ("403 at a list", |path, token| {
        (path == "transactions").then(|| json(403, r#"{"error":"TOKEN","message":"TOKEN"}"#, token))
    }),
    ("404 as text", |path, token| (path == "dashboard").then(|| said(404, "text/plain", token.to_owned()))),
    ("422", |path, token| {
        let body = r#"{"error":"ValidationError","message":"TOKEN","details":[{"input":"TOKEN","msg":"TOKEN"}]}"#;
        (path == "accounts").then(|| json(422, body, token))
    }),
    ("429", |_, token| {
        // Every other time, so that it does not take a minute until the attempts are used up.
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        if ASKED.fetch_add(1, Ordering::SeqCst) % 2 == 1 {
            return None;
        }
        let mut answer = json(429, r#"{"message":"TOKEN is too fast"}"#, token);
        answer.headers_mut().insert("retry-after", "0".parse().ok()?);
        Some(answer)
    }),
    ("500 as a page", |_, token| Some(said(500, "text/html", format!("<pre>X-Auth-Token: {token}</pre>")))),
    ("503", |_, token| Some(json(503, r#"{"message":"TOKEN"}"#, token))),
    ("a redirect", |_, token| {
        let place = format!("http://127.0.0.1:1/{token}");
        Some((StatusCode::FOUND, [("location", place)], token.to_owned()).into_response())
    }),
    ("200, no JSON", |_, token| Some(said(200, "text/plain", format!("hello {token}")))),
    ("200, other JSON", |_, token| Some(json(200, r#"["TOKEN",{"TOKEN":"TOKEN"}]"#, token))),
    ("another partner", |_, token| Some(json(200, r#"{"id":"TOKEN","auth_id":"TOKEN","name":"TOKEN"}"#, token))),
    ("an account by that name", |path, token| {
        let body =
            r#"{"accounts":[{"auth_id":"TOKEN","name":"TOKEN","auth_token":"TOKEN"}],"total":1,"page":1,"size":100}"#;
        (path == "accounts").then(|| json(200, body, token))
    }),
    ("a row that holds it", |path, token| {
        let row = r#"{"id":"e-TOKEN","type":"TOKEN","amount":"TOKEN","description":"TOKEN","reference":"TOKEN"}"#;
        let body = format!(r#"{{"transactions":[{row}],"total":1,"page":1,"per_page":200,"summary":"TOKEN"}}"#);
        (path == "transactions").then(|| json(200, &body, token))
    }),
    ("in escapes", |path, token| {
        let escaped: String = token.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
        (path != "me").then(|| json(400, r#"{"message":"TOKEN"}"#, &escaped))
    }),
];

#[test]
fn no_refusal_gives_the_token_away() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    for (name, refusing) in REFUSALS {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let answer = move |uri: Uri, headers: HeaderMap| async move {
            // What a careless server would echo is what it was sent.
            let token = headers.get("x-auth-token").and_then(|it| it.to_str().ok()).unwrap_or("none").to_owned();
            let path = uri.path().trim_matches('/').to_owned();
            refusing(&path, &token).unwrap_or_else(|| sound(&path))
        };
        let server = runtime.spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });
        let mut desk = Desk::alone();
        desk.set("VOBIZ_AUTH_ID", Some("PA_1"));
        desk.set("VOBIZ_AUTH_TOKEN", Some(TOKEN));
        desk.set("TIEOUT_BASE_URL", Some(&base_url));
        let told = loudest(&desk, &CLOSE, &[0, 2, 3, 4, 5]);
        let (files, said) = (told.0.len(), told.0.iter().map(|(_, bytes)| bytes.len()).sum::<usize>());
        assert!(files > 4 && said > 500, "{name}: nothing to look through");
        assert!(!told.hold(TOKEN), "{name}: the token stands somewhere");
        told.hold_none_of(&[TOKEN.to_owned()]);
        server.abort();
    }
}

#[test]
fn credentials_that_others_can_read_open_nothing() {
    let (partner, patience) = Partner::failing_after(SCENARIO, usize::MAX);
    let mut desk = Desk::at(&partner);
    let token = partner.world.partner().token.clone();
    desk.set("VOBIZ_AUTH_ID", None);
    desk.set("VOBIZ_AUTH_TOKEN", None);
    desk.write("tieout.toml", "[partner]\ncredentials_file = \"keys.toml\"\n[fetch]\nrequests_per_second = 1000\n");
    let mode = |mode| fs::set_permissions(desk.path("keys.toml"), fs::Permissions::from_mode(mode)).unwrap();
    let mut told = Told::default();
    let pair = format!("auth_id = \"{}\"\nauth_token = \"{token}\"\n", partner.world.partner().auth_id);
    desk.write("keys.toml", &pair);
    for open in [0o640, 0o604, 0o622, 0o601, 0o644, 0o777] {
        mode(open);
        let refused = desk.ends(2, &[&CLOSE[..], &["-vv"]].concat());
        assert!(refused.stderr.contains(&format!("mode {open:03o} lets others in")), "{}", refused.stderr);
        assert!(refused.stderr.contains("hint: chmod 600 "), "{}", refused.stderr);
        told.add("stderr", refused.stderr);
    }
    // A file that is not what it should be is not shown either.
    mode(0o600);
    for wrong in [format!("{token}\n"), pair.replace("auth_token", "token"), pair.replace('=', ":")] {
        desk.write("keys.toml", wrong);
        told.add("stderr", desk.ends(2, &[&CLOSE[..], &["-vv", "--json"]].concat()).stderr);
    }
    assert_eq!(patience.answered(), Vec::<String>::new());
    desk.write("keys.toml", &pair);
    told.add("stderr", desk.ends(BREAKS, &[&CLOSE[..], &["-vv"]].concat()).stderr);
    told.hold_none_of(&secrets_of(&partner.world));
}
