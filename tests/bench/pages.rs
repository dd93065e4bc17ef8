//! A server that takes as little as a server can: every answer lies ready in memory, a thread a connection sends it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use serde_json::Value;
use tieout::simulator::{BASE_PATH, Request, Scenario, World};

use crate::support;

type Answers = BTreeMap<String, Vec<u8>>;

/// Serves everything that a fetch of the scenario asks for, until its standard input ends. Prints base URL, id, token,
/// ledger rows and their pages' bytes.
pub(crate) fn serve(scenario: &Scenario) {
    let world = World::build(scenario).expect("a world");
    let (answers, rows, bytes) = ready(&world, scenario);
    let (auth_id, token) = (world.partner().auth_id.clone(), world.partner().token.clone());
    drop(world);
    let answers = Arc::new(answers);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("http://{}{BASE_PATH} {auth_id} {token} {rows} {bytes}", listener.local_addr().expect("a port"));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answers = Arc::clone(&answers);
            std::thread::spawn(move || drop(speak(stream, &answers)));
        }
    });
    drop(std::io::stdin().read(&mut [0]));
}

/// Answers one connection until it is closed.
fn speak(stream: TcpStream, answers: &Answers) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = line.split(' ').nth(1).and_then(|path| answers.get(path));
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line)?;
        }
        writer.write_all(answer.map_or(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", Vec::as_slice))?;
    }
}

/// Every answer by its path, the ledgers' rows, and their bytes.
fn ready(world: &World, scenario: &Scenario) -> (Answers, u64, usize) {
    let plan = support::plan(scenario);
    let window = format!("from_date={}&to_date={}&", plan.from, plan.to);
    let mut answers = Answers::new();
    let (mut rows, mut bytes) = (0, 0);
    let mut keep = |request: &str| {
        let body = answer(world, request);
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
        answers.insert(format!("{BASE_PATH}/{request}"), [head.as_bytes(), &body].concat());
        body
    };
    keep("me");
    keep("dashboard");
    for page in 1..=world.accounts().len().div_ceil(100) {
        keep(&format!("accounts?page={page}&per_page=100"));
    }
    let ledgers = world.accounts().iter().map(|account| format!("accounts/{}/transactions", account.auth_id));
    for list in ledgers.chain(["transactions".to_owned()]) {
        let request = |page: u64| format!("{list}?{window}page={page}&per_page=200");
        let first = keep(&request(1));
        let total = serde_json::from_slice::<Value>(&first).expect("JSON")["total"].as_u64().expect("a total");
        rows += total;
        bytes += first.len() + (2..=total.div_ceil(200)).map(|page| keep(&request(page)).len()).sum::<usize>();
    }
    (answers, rows, bytes)
}

fn answer(world: &World, request: &str) -> Vec<u8> {
    let (path, query) = request.split_once('?').map_or((request, None), |(path, query)| (path, Some(query)));
    let answer = world.answer(&Request {
        method: "GET".to_owned(),
        path: format!("/{path}"),
        query: query.map(ToOwned::to_owned),
        auth_id: Some(world.partner().auth_id.clone()),
        auth_token: Some(world.partner().token.clone()),
    });
    assert_eq!(answer.status, 200, "{request}");
    answer.body
}
