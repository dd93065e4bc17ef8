//! A hostile or broken server: each thing it can do meets one clear message, within bounds of memory and time.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use rcgen::generate_simple_self_signed;
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::desk::{Desk, Partner};
use crate::raw::{account, accounts, call, calls, page};
use crate::raw_server::{Met, RawServer, Said, TOKEN, meet, ok, status, tight};

const LEDGER: &str = "accounts/MA_A/transactions";

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap().block_on(future)
}

/// A fetch from a server that answers requests that begin with `at` in this way, and everything else honestly.
fn met(at: &'static str, said: Said) -> (Met, RawServer) {
    let server = RawServer::new(move |request| request.starts_with(at).then(|| said.clone()));
    let met = block_on(async { meet(server.listen().await, tight()).await });
    (met, server)
}

/// A page of the ledger with so many levels of nesting in place of a row.
fn nested(levels: usize, closed: bool) -> Vec<u8> {
    let (open, close) = ("[".repeat(levels), if closed { "]".repeat(levels) } else { String::new() });
    format!(r#"{{"transactions":[{open}{close}],"total":1,"page":1,"per_page":200}}"#).into_bytes()
}

/// A gzip stream that unpacks to about so many bytes of blanks: one deflate block of fixed codes (RFC 1951), a blank and
/// then nothing but "258 bytes more of the same".
fn bomb(bytes: usize) -> Vec<u8> {
    let (mut packed, mut filled, mut bits) = (vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], 0_u32, 0_u32);
    let mut push = |code: u32, length: u32| {
        for bit in (0..length).rev() {
            bits |= ((code >> bit) & 1) << filled;
            filled += 1;
            if filled == 8 {
                packed.push(u8::try_from(bits).unwrap());
                (filled, bits) = (0, 0);
            }
        }
    };
    push(0b110, 3);
    push(0x30 + u32::from(b' '), 8);
    (0..bytes / 258).for_each(|_| push(0b1100_0101 << 5, 13));
    push(0, 15);
    packed
}

fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes()
}

/// Every trick by name.
fn tricks() -> Vec<(&'static str, Said)> {
    let at_once = Duration::ZERO;
    let lines = |text: &str| text.repeat(2000).into_bytes();
    let chunk = [b"1000\r\n".to_vec(), vec![b' '; 4096], b"\r\n".to_vec()].concat();
    let others = page(&calls("MA_B"));
    let other = |text: &str| String::from_utf8(page(&calls("MA_A"))).unwrap().replace("\"page\":1", text);
    let gzip = "content-encoding: gzip\r\n";
    vec![
        ("a body without end", Said::Endless(head("transfer-encoding: chunked\r\n"), chunk, at_once)),
        ("a head without end", Said::Endless(b"HTTP/1.1 200 OK\r\n".to_vec(), lines("x-more: and more\r\n"), at_once)),
        ("a header without end", Said::Endless(b"HTTP/1.1 200 OK\r\nx-more: ".to_vec(), lines("and more "), at_once)),
        ("early hints without end", Said::Endless(vec![], b"HTTP/1.1 103 Wait\r\n\r\n".to_vec(), at_once)),
        ("a byte now and then", Said::Endless(head("content-length: 90\r\n"), vec![b' '], Duration::from_millis(90))),
        ("silence", Said::Endless(vec![], vec![], Duration::from_secs(5))),
        ("a packed body that unpacks without end", status(200, gzip, bomb(256 << 20))),
        ("a packed body that is none", status(200, gzip, "{}")),
        ("an encoding nobody asked for", status(200, "content-encoding: br\r\n", b"\x8b\x02\x80\x7b\x7d\x03")),
        ("nesting without end", ok(nested(500_000, false))),
        ("nesting with an end", ok(nested(200_000, true))),
        ("a refusal that is nested", status(404, "", "[".repeat(1 << 20))),
        ("a refusal of many values", status(404, "", format!("[{}0]", "0,".repeat(500_000)))),
        ("a page of too many rows", ok(page(&vec!["0".to_owned(); 10_001]))),
        ("another protocol", Said::Last(b"SSH-2.0-OpenSSH_9.6\r\n".to_vec())),
        ("nothing at all", Said::Last(Vec::new())),
        ("no content", Said::Bytes(b"HTTP/1.1 204 None\r\n\r\n".to_vec())),
        ("half an answer that ends in order", Said::Last([head(""), others[..60].to_vec()].concat())),
        ("another account's ledger, which says so", ok(other(r#""page":1,"account_auth_id":"MA_B""#))),
        ("another account's rows", ok(others)),
        ("another page", ok(other(r#""page":2"#))),
        ("a million pages, it says", ok(other(r#""page":1,"total_pages":1000000"#))),
        ("a list, twice in one body", ok(r#"{"transactions":[],"total":0,"transactions":[{}]}"#)),
        ("a redirect", status(302, "location: /elsewhere\r\n", "")),
        ("a total below zero", ok(other(r#""page":-1"#))),
    ]
}

#[test]
fn every_trick_meets_one_clear_message_in_time() {
    let mut told = String::new();
    for (name, said) in tricks() {
        let began = Instant::now();
        let (met, server) = met(LEDGER, said);
        // Two attempts at 0.8 s each, and some air.
        assert!(began.elapsed() < Duration::from_secs(10), "{name}: {:?}", began.elapsed());
        let text = met.told();
        assert!(!text.contains(TOKEN) && !text.contains("127.0.0.1"), "{name}: {text}");
        let asked = server.asked().iter().filter(|request| request.starts_with(LEDGER)).count();
        writeln!(told, "{name}\n  asked {asked} times, {text}").unwrap();
    }
    insta::assert_snapshot!("tricks", told);
}

#[test]
fn without_the_account_list_the_same_tricks_end_the_fetch() {
    for (name, said) in tricks() {
        let (met, _) = met("accounts?", said);
        let text = met.told();
        // A body that happens to be an account list of nobody, or says nothing against it, is none of these.
        assert!(text.starts_with("refused: accounts: "), "{name}: {text}");
    }
    let growing = RawServer::new(|request| {
        let page: usize = request.strip_prefix("accounts?page=")?.split('&').next()?.parse().ok()?;
        let (row, total) = (account(&format!("MA_{page}")), page + 1);
        Some(ok(format!(r#"{{"accounts":[{row}],"total":{total},"page":{page},"size":1}}"#)))
    });
    let met = block_on(async { meet(growing.listen().await, tight()).await });
    assert_eq!(met.told(), "refused: accounts: the list is longer than 30 pages (fetch.pages_max)");
    let asked = growing.asked().iter().filter(|request| request.starts_with("accounts?")).count();
    assert_eq!(asked, 30, "no page more than the bound");
}

#[test]
fn no_redirect_carries_the_credentials_anywhere() {
    for code in [300, 301, 302, 303, 305, 307, 308] {
        block_on(async {
            let elsewhere = RawServer::new(|_| None);
            let there = elsewhere.listen().await;
            let port = there.rsplit(':').next().unwrap().to_owned();
            let places = [there.clone(), format!("http://localhost:{port}/me"), format!("//127.0.0.1:{port}/me")];
            for (at, place) in ["me", "accounts?", LEDGER].into_iter().zip(places) {
                let headers = format!("location: {place}\r\nrefresh: 0; url={place}\r\n");
                let server = RawServer::new(move |asked| asked.starts_with(at).then(|| status(code, &headers, "")));
                let met = meet(server.listen().await, tight()).await;
                let text = met.told();
                assert!(text.contains(&format!("HTTP {code}: redirects are not followed")), "{text}");
                let again = server.asked().iter().filter(|request| request.starts_with(at)).count();
                assert_eq!(again, 1, "a redirect is not asked for again");
            }
            assert_eq!(elsewhere.asked(), Vec::<String>::new(), "HTTP {code}");
        });
    }
}

#[test]
fn ids_that_are_no_ids_reach_neither_path_nor_paper_as_they_are() {
    let ids = [
        "../../me",
        "MA_A/../MA_B",
        "MA_A?x=1",
        "MA_A#x",
        "MA A",
        "%2e%2e",
        "MA_\\u0000",
        "MA_\\r\\nx-evil: 1",
        "\\u001b[2J",
        "",
    ];
    let rows: Vec<String> = ids.iter().map(|id| account(id)).chain([account("MA_A")]).collect();
    let list = accounts(&rows);
    let evil = call("e-\\u0000\\u001b[31m/../x\\r\\n=1+1", "MA_A", "1.25");
    let ledger = page(&[calls("MA_A"), vec![evil]].concat());
    let server = RawServer::new(move |request| match request {
        _ if request.starts_with("accounts?") => Some(ok(&list)),
        _ if request.starts_with(LEDGER) => Some(ok(&ledger)),
        _ => None,
    });
    let met = block_on(async { meet(server.listen().await, tight()).await });
    for request in server.asked() {
        let path = request.split('?').next().unwrap();
        assert!(["me", "dashboard", "accounts", "transactions", LEDGER].contains(&path), "{request}");
    }
    assert!(server.heads.lock().unwrap().iter().all(|head| !head.contains("x-evil")));
    let settled = met.settled();
    assert_eq!(settled.verdict().word(), "incomplete");
    // What a terminal shows. The tables are data, and hold the partner's texts as they are.
    let summary = settled.summary();
    assert_eq!(summary.chars().find(|c| c.is_control() && *c != '\n'), None, "{summary:?}");
}

/// Two answers on one line: the second, not asked for, pretends to be the next page.
#[test]
fn an_answer_that_nobody_asked_for_is_not_taken_for_the_next() {
    let forged = String::from_utf8(accounts(&[account("MA_EVIL")])).unwrap();
    let server = RawServer::new(move |request| {
        let me = r#"{"id":"7d0f9c1e-0000-4000-8000-000000000001","auth_id":"PA_RAW00001","name":"Raw Telecom"}"#;
        let (Said::Bytes(first), Said::Bytes(second)) = (ok(me), ok(&forged)) else { return None };
        (request == "me").then(|| Said::Bytes([first, second].concat()))
    });
    let met = block_on(async { meet(server.listen().await, tight()).await });
    let accounts = met.lists().into_iter().find(|list| list.list.to_string() == "accounts").unwrap();
    assert!(!String::from_utf8(met.body(&accounts)).unwrap().contains("MA_EVIL"));
}

#[test]
fn a_certificate_that_does_not_verify_is_refused_before_anything_is_sent() {
    let _installed = tokio_rustls::rustls::crypto::ring::default_provider().install_default();
    let server = RawServer::new(|_| None);
    let met = block_on(async {
        let made = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let key = tokio_rustls::rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key);
        let acceptor = TlsAcceptor::from(Arc::new(config.unwrap()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let behind = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    tokio::spawn(behind.clone().converse(stream));
                }
            }
        });
        meet(format!("https://localhost:{port}"), tight()).await
    });
    assert_eq!(met.told(), "refused: me: the server's certificate does not verify: its issuer is unknown");
    assert_eq!(server.asked(), Vec::<String>::new());
}

#[test]
fn a_host_that_nobody_knows_is_named_as_such() {
    let met = block_on(meet("https://tieout.invalid/api".to_owned(), tight()));
    assert_eq!(met.told(), "refused: me: cannot find the host");
}

/// What a script sees: the exit code and one line.
#[test]
fn a_line_that_fails_ends_with_exit_5_and_one_message() {
    let partner =
        Partner::of("name='n'\nprose='p'\nseed=11\n[world]\ncustomers=2\nentries=9\n[expected]\nverdict='tied-out'\n");
    let mut desk = Desk::at(&partner);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let redirecting = RawServer::new(|_| Some(status(302, "location: http://example.com/\r\n", "")));
    let page = RawServer::new(|_| Some(status(200, "content-type: text/html\r\n", "<html>Maintenance</html>")));
    let nobody = runtime.block_on(async { TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap() });
    let cases = [
        (runtime.block_on(redirecting.listen()), "me: HTTP 302: redirects are not followed"),
        (runtime.block_on(page.listen()), "me: the answer is not the JSON asked for"),
        (format!("http://{nobody}"), "me: cannot connect"),
        ("https://tieout.invalid/api".to_owned(), "me: cannot find the host"),
    ];
    for (base_url, message) in cases {
        desk.set("TIEOUT_BASE_URL", Some(&base_url));
        let told = desk.ends(5, &["close", "--period", "2026-03"]);
        assert_eq!(told.stderr.matches(message).count(), 1, "{}", told.stderr);
        assert!(!told.stderr.contains(&partner.world.partner().token));
    }
}
