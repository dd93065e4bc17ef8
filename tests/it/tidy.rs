//! The shape of the code: which floor may see which, who may touch the world outside, how long things get.
//!
//! Every rule is a function of a file's path and text, so that the second half of this module can show each of them a
//! file that breaks it: a rule that cannot fail is none.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::files_below;
use crate::tidy_lexer::{code, without_comments};

/// The floors from the ground up. A module sees those below its own; `simulator` stands aside.
const FLOORS: [&[&str]; 14] = [
    &["domain"],
    &["database", "wire", "watch", "disk"],
    &["frame"],
    &["archive"],
    &["fetch"],
    &["normalise"],
    &["reconcile"],
    &["invoice"],
    &["report", "explain"],
    &["seal"],
    &["settings"],
    &["register"],
    &["run"],
    &["cli"],
];

/// What a module on a higher floor must not see all the same: nothing right of the archive reaches the network, the
/// partner's words end at `normalise`, and what is derived knows neither settings nor archive.
const ABSENCES: [(&str, &[&str]); 11] = [
    ("archive", &["frame", "wire", "watch"]),
    ("fetch", &["frame"]),
    ("normalise", &["fetch", "watch"]),
    ("reconcile", &["fetch", "archive", "wire", "watch"]),
    ("invoice", &["fetch", "archive", "wire", "watch", "normalise", "frame"]),
    ("report", &["fetch", "archive", "wire", "watch", "normalise", "frame"]),
    ("explain", &["fetch", "wire", "watch"]),
    ("seal", &["fetch", "archive", "wire", "watch", "normalise", "frame", "reconcile", "invoice"]),
    ("settings", &["archive", "wire", "watch", "frame", "reconcile", "report", "explain", "seal"]),
    (
        "register",
        &[
            "settings",
            "seal",
            "report",
            "explain",
            "invoice",
            "reconcile",
            "normalise",
            "fetch",
            "archive",
            "frame",
            "wire",
            "watch",
        ],
    ),
    ("run", &["settings", "wire"]),
];

/// Words that only these files may hold, outside comments and texts. A folder ends in `/`.
const WORDS: [(&str, &[&str]); 39] = [
    ("reqwest", &["src/fetch/client.rs", "src/fetch/error.rs", "src/fetch/line.rs"]),
    ("governor", &["src/fetch/pace.rs"]),
    ("polars", &["src/frame/"]),
    ("rusqlite", &["src/archive/", "src/database.rs", "src/register/"]),
    ("rustix", &["src/cli/private.rs"]),
    ("zstd", &["src/archive/"]),
    ("csv::", &["src/report/"]),
    ("rust_xlsxwriter", &["src/report/"]),
    ("typst", &["src/report/documents/pdf/"]),
    ("typst_layout", &["src/report/documents/pdf/"]),
    ("typst_pdf", &["src/report/documents/pdf/"]),
    ("rayon", &["src/report/documents/pdf/"]),
    ("ttf_parser", &["src/report/documents/pdf/"]),
    ("axum", &[]),
    ("clap", &["src/cli/"]),
    ("clap_complete", &["src/cli/completions.rs"]),
    ("clap_mangen", &["src/cli/manual.rs"]),
    ("indicatif", &["src/cli/"]),
    // What is shown goes through few hands, each of which writes texts of others by `domain/ink.rs`.
    ("tracing", &["src/cli/progress.rs", "src/cli/terminal.rs"]),
    ("tracing_subscriber", &["src/cli/logs.rs"]),
    ("stdout", &["src/cli/terminal.rs", "src/report/as_xlsx/tests.rs"]),
    (
        "stderr",
        &["src/cli/environment.rs", "src/cli/init.rs", "src/cli/logs.rs", "src/cli/progress.rs", "src/cli/terminal.rs"],
    ),
    ("escape_unicode", &["src/domain/ink.rs"]),
    ("anyhow", &["src/cli/"]),
    ("tempfile", &["src/disk.rs", "src/run/pack.rs", "src/run/preflight.rs", "src/run/steps.rs", "src/archive/"]),
    ("env::", &["src/main.rs", "src/cli/environment.rs", "src/report/as_xlsx/tests.rs"]),
    ("SystemTime", &[]),
    ("Utc::now", &["src/cli/environment.rs"]),
    ("Local", &[]),
    ("Instant", &["src/cli/", "src/fetch/"]),
    ("std::time::Instant", &["src/cli/"]),
    ("tokio::time", &["src/cli/commands.rs", "src/fetch/", "src/simulator/socket.rs"]),
    ("tokio::net", &["src/cli/", "src/simulator/socket.rs"]),
    ("std::process", &["src/main.rs", "src/cli/mod.rs", "src/report/as_xlsx/tests.rs"]),
    ("f32", &[]),
    ("f64", &["src/report/as_xlsx/"]),
    ("HashMap", &[]),
    ("HashSet", &[]),
    ("Method", &["src/simulator/"]),
];

/// The files that reach the disk: settings and scenarios in, which signals are ignored, the first settings out, the archive, the
/// run folder, its seal.
const DISK: [&str; 21] = [
    "src/archive/file.rs",
    "src/archive/salvage.rs",
    "src/archive/writer.rs",
    "src/cli/private.rs",
    "src/cli/signals.rs",
    "src/cli/simulate.rs",
    "src/disk.rs",
    "src/run/error.rs",
    "src/run/folder.rs",
    "src/run/laid.rs",
    "src/run/pack.rs",
    "src/run/preflight.rs",
    "src/run/recheck/folder.rs",
    "src/run/recheck/open.rs",
    "src/seal/check.rs",
    "src/seal/earlier.rs",
    "src/seal/folder.rs",
    "src/seal/mod.rs",
    "src/settings/beginning.rs",
    "src/settings/credentials.rs",
    "src/settings/mod.rs",
];

/// Calls of an HTTP client that could change something at the partner; only files that know the client can make them.
const CHANGING_CALLS: [&str; 6] = [".post(", ".put(", ".delete(", ".patch(", ".request(", ".execute("];

/// The same as texts, outside the simulator. SQL has a `DELETE` of its own.
const CHANGING_TEXTS: [&str; 4] = ["\"POST", "\"PUT", "\"PATCH", "\"DELETE"];

/// What stands at the top of the repository, and nothing else.
const TOP: [&str; 17] = [
    ".ci",
    ".git",
    ".gitattributes",
    ".github",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "clippy.toml",
    "fixtures",
    "justfile",
    "reports",
    "rustfmt.toml",
    "src",
];

/// Lines of a file, at most; a test may be somewhat longer, as it brings its world along.
const LINES_MAX: usize = 400;
const TEST_LINES_MAX: usize = 450;

/// Lines of a function, from its signature to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

/// Every Rust file of the package, by its path from the top, with its text.
fn files() -> Vec<(String, String)> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named =
        |(path, text): (PathBuf, String)| (path.strip_prefix(top).unwrap().to_str().unwrap().replace('\\', "/"), text);
    files_below(&[top.join("src"), top.join("tests")], "rs").into_iter().map(named).collect()
}

/// Everything that is wrong with one file.
fn complaints(path: &str, text: &str) -> Vec<String> {
    let mut found = sizes(path, text);
    if !text.starts_with("//! ") {
        found.push("begins without a header that says what it owns".to_owned());
    }
    if path.starts_with("src/") {
        found.extend(floors(path, text));
        found.extend(words(path, text));
    } else if path != "tests/it/tidy.rs" {
        found.extend(
            ["HashMap", "HashSet"]
                .into_iter()
                .filter(|word| has(&code(text), word))
                .map(|it| format!("{it}: its order is random")),
        );
    }
    found.into_iter().map(|what| format!("{path}: {what}")).collect()
}

/// Which floors a file sees, and whether it may.
fn floors(path: &str, text: &str) -> Vec<String> {
    let Some(module) = module_of(path) else { return Vec::new() };
    let code = code(text);
    let mut found = Vec::new();
    if code.contains("crate::{") || code.contains("super::super::") {
        found.push("imports in a form that hides the floor".to_owned());
    }
    let at_the_root = path.matches('/').count() == 1 || path.ends_with("/mod.rs");
    if at_the_root && code.lines().any(|line| line.starts_with("use super::") || line.starts_with("pub use super::")) {
        found.push("imports from the crate's root by `super`".to_owned());
    }
    for seen in seen_by(&code) {
        if seen != module && !may_see(module, &seen) {
            found.push(format!("`{module}` sees `{seen}`, which is not below it"));
        }
    }
    found
}

/// The modules that a file's code names.
fn seen_by(code: &str) -> BTreeSet<String> {
    let names = code.split("crate::").skip(1);
    let names = names.map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect());
    names.filter(|name: &String| !name.is_empty()).collect()
}

/// The module that a file belongs to; nothing for the crate's root and the program.
fn module_of(path: &str) -> Option<&str> {
    let module = path.strip_prefix("src/")?.split('/').next()?;
    let module = module.strip_suffix(".rs").unwrap_or(module);
    (module != "lib" && module != "main").then_some(module)
}

fn may_see(module: &str, seen: &str) -> bool {
    let floor = |name: &str| FLOORS.iter().position(|floor| floor.contains(&name));
    match (module, seen) {
        ("simulator", _) => matches!(seen, "domain" | "wire"),
        (_, "simulator") => module == "cli",
        _ => {
            let absent = ABSENCES.iter().any(|(name, absent)| *name == module && absent.contains(&seen));
            floor(module).zip(floor(seen)).is_some_and(|(own, other)| other < own) && !absent
        }
    }
}

/// Who may reach the world outside, and what nobody may use.
fn words(path: &str, text: &str) -> Vec<String> {
    let code = code(text);
    let allowed = |places: &[&str]| {
        places.iter().any(|place| path == *place || (place.ends_with('/') && path.starts_with(place)))
    };
    let mut found: Vec<String> = WORDS
        .iter()
        .filter(|(word, places)| has(&code, word) && !allowed(places))
        .map(|(word, _)| format!("`{word}` does not belong here"))
        .collect();
    let disk = ["fs::", "std::fs", "File"].iter().any(|word| has(&code, word));
    if disk && !DISK.contains(&path) {
        found.push("reaches the disk".to_owned());
    }
    let changing = |verb: &&str| format!("`{verb}` could change something at the partner");
    if has(&code, "reqwest") {
        found.extend(CHANGING_CALLS.iter().filter(|call| code.contains(**call)).map(changing));
    }
    if !path.starts_with("src/simulator/") && !path.starts_with("src/archive/") {
        let spoken = without_comments(text);
        found.extend(CHANGING_TEXTS.iter().filter(|verb| spoken.contains(**verb)).map(changing));
    }
    found
}

/// Whether code holds a word that is not part of a longer one.
fn has(code: &str, word: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(part);
        let after = code[at + word.len()..].chars().next().is_some_and(part) && !word.ends_with(':');
        !before && !after
    })
}

/// How long the file and its functions are.
fn sizes(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let max = if path.starts_with("tests/") { TEST_LINES_MAX } else { LINES_MAX };
    let mut found = Vec::new();
    if lines.len() > max {
        found.push(format!("{} lines, at most {max}", lines.len()));
    }
    for (at, line) in lines.iter().enumerate() {
        let words = line.trim_start();
        let signature = words.split(['(', '<']).next().unwrap_or_default();
        if !signature.split(' ').any(|word| word == "fn") || words.starts_with("//") || words.ends_with([';', '}']) {
            continue;
        }
        // rustfmt puts a function's closing brace below its first letter.
        let end = format!("{}}}", &line[..line.len() - words.len()]);
        let length = lines[at..].iter().position(|line| *line == end).map_or(0, |last| last + 1);
        if length > FUNCTION_LINES_MAX {
            found.push(format!("line {}: a function of {length} lines, at most {FUNCTION_LINES_MAX}", at + 1));
        }
    }
    found
}

#[test]
fn every_file_keeps_the_rules() {
    let files = files();
    assert!(files.len() > 100, "{} files found", files.len());
    let found: Vec<String> = files.iter().flat_map(|(path, text)| complaints(path, text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_module_stands_on_a_floor_and_the_header_of_the_library_tells_them_in_order() {
    let files = files();
    let modules: BTreeSet<&str> = files.iter().filter_map(|(path, _)| module_of(path)).collect();
    let floors: BTreeSet<&str> = FLOORS.iter().flat_map(|floor| floor.iter().copied()).chain(["simulator"]).collect();
    assert_eq!(modules, floors);
    let (_, library) = files.iter().find(|(path, _)| path == "src/lib.rs").unwrap();
    let header: String = library.lines().take_while(|line| line.starts_with("//!")).collect();
    let (_, told) = header.split_once("From the top:").unwrap();
    let place = |name: &str| told.find(&format!("`{name}`")).unwrap_or_else(|| panic!("{name} is not in the header"));
    for pair in [
        "cli",
        "run",
        "register",
        "settings",
        "seal",
        "report",
        "invoice",
        "reconcile",
        "normalise",
        "fetch",
        "frame",
        "domain",
    ]
    .windows(2)
    {
        assert!(place(pair[0]) < place(pair[1]), "{pair:?}");
    }
}

#[test]
fn the_top_of_the_repository_holds_what_it_should_and_nothing_else() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let entries = fs::read_dir(top).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let found: BTreeSet<String> = entries.collect();
    let known: BTreeSet<String> =
        TOP.iter().map(|name| (*name).to_owned()).chain(["tests".to_owned(), "target".to_owned()]).collect();
    let strange: Vec<_> = found.difference(&known).collect();
    assert!(strange.is_empty(), "does not belong at the top: {strange:?}");
    let optional = [".git", ".github", ".gitattributes", "LICENSE"];
    for needed in TOP.iter().chain(&["tests"]).filter(|name| !optional.contains(name)) {
        assert!(found.contains(*needed), "{needed} is gone");
    }
}

/// A file that keeps every rule, until `code` is added to it.
fn with(code: &str) -> String {
    format!("//! Owns nothing.\n\n{code}\n")
}

/// The oldest Rust that builds it is the newest that any crate it rests on asks for, and every place says the same.
#[test]
fn the_rust_that_is_asked_for_is_one_that_builds_it() {
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let manifest = read("Cargo.toml");
    let rust = manifest.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(read("README.md").contains(&format!("Needs Rust {rust} or later")), "README.md");
    assert!(read("fixtures/deploy/Containerfile").contains(&format!("rust:{rust}-slim")), "Containerfile");
    // Of this machine and with the features of this build: just what was downloaded to build it.
    let run = |program: &str, asked: &[&str]| {
        std::process::Command::new(program).args(asked).current_dir(env!("CARGO_MANIFEST_DIR")).output()
    };
    let rustc = String::from_utf8(run("rustc", &["-vV"]).unwrap().stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).expect("rustc tells its host");
    let features = if cfg!(feature = "pdf") { "pdf" } else { "" };
    let asked = ["metadata", "--offline", "--locked", "--format-version", "1", "--filter-platform", host];
    let told = run(env!("CARGO"), &[asked.as_slice(), &["--features", features]].concat());
    let told: serde_json::Value = serde_json::from_slice(&told.unwrap().stdout).unwrap();
    let version = |text: &str| text.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    let crates = told["packages"].as_array().unwrap();
    assert!(crates.len() > 100, "{} crates", crates.len());
    for it in crates {
        let needs = it["rust_version"].as_str().unwrap_or("1.0");
        assert!(version(needs)[..2] <= version(rust)[..2], "{} needs Rust {needs}", it["name"]);
    }
}

#[test]
fn each_rule_catches_what_it_forbids() {
    let long_function = format!("fn long() {{\n{}}}", "    work();\n".repeat(FUNCTION_LINES_MAX - 1));
    let broken = [
        ("src/domain/x.rs", "use crate::wire::Me;".to_owned(), "`domain` sees `wire`"),
        ("src/frame/x.rs", "use crate::archive::Archive;".to_owned(), "`frame` sees `archive`"),
        ("src/normalise/x.rs", "use crate::fetch::fetch;".to_owned(), "`normalise` sees `fetch`"),
        ("src/run/x.rs", "use crate::settings::Settings;".to_owned(), "`run` sees `settings`"),
        ("src/report/x.rs", "use crate::explain::explain;".to_owned(), "`report` sees `explain`"),
        ("src/run/x.rs", "fn f() -> crate::simulator::World {}".to_owned(), "`run` sees `simulator`"),
        ("src/simulator/x.rs", "use crate::archive::scrub;".to_owned(), "`simulator` sees `archive`"),
        ("src/reconcile/x.rs", "use crate::strange::Thing;".to_owned(), "`reconcile` sees `strange`"),
        ("src/frame/x.rs", "use crate::{archive, cli};".to_owned(), "hides the floor"),
        ("src/frame/x.rs", "use super::super::cli;".to_owned(), "hides the floor"),
        ("src/frame/mod.rs", "use super::cli;".to_owned(), "from the crate's root"),
        ("src/run/x.rs", "use reqwest::Client;".to_owned(), "`reqwest`"),
        ("src/fetch/session.rs", "use reqwest::Client;".to_owned(), "`reqwest`"),
        ("src/reconcile/x.rs", "use polars::prelude::*;".to_owned(), "`polars`"),
        ("src/run/x.rs", "use rusqlite::Connection;".to_owned(), "`rusqlite`"),
        ("src/run/x.rs", "std::io::stderr().write_all(name)".to_owned(), "`stderr`"),
        ("src/cli/init.rs", "tracing::warn!(\"{name}\")".to_owned(), "`tracing`"),
        ("src/report/x.rs", "let now = chrono::Utc::now();".to_owned(), "`Utc::now`"),
        ("src/fetch/pace.rs", "use std::time::Instant;".to_owned(), "`std::time::Instant`"),
        ("src/settings/x.rs", "std::env::var(\"HOME\")".to_owned(), "`env::`"),
        ("src/invoice/x.rs", "fn half(x: f64) -> f64 { x / 2.0 }".to_owned(), "`f64`"),
        ("src/invoice/x.rs", "type Names = std::collections::HashMap<u8, u8>;".to_owned(), "`HashMap`"),
        ("tests/it/x.rs", "type Names = std::collections::HashSet<u8>;".to_owned(), "HashSet: its order is random"),
        ("src/report/x.rs", "fn f() { std::fs::write(a, b) }".to_owned(), "reaches the disk"),
        ("src/report/x.rs", "use std::fs::File;".to_owned(), "reaches the disk"),
        ("src/fetch/client.rs", "reqwest::Client::new().post(url)".to_owned(), "`.post(`"),
        ("src/fetch/client.rs", "reqwest::Client::new().request(verb, url)".to_owned(), "`.request(`"),
        ("src/fetch/client.rs", "reqwest::Method::GET".to_owned(), "`Method`"),
        ("src/fetch/client.rs", "let verb = \"DELETE\";".to_owned(), "`\"DELETE`"),
        ("src/domain/x.rs", long_function, "a function of 71 lines"),
        ("src/domain/x.rs", "// word\n".repeat(LINES_MAX), "lines, at most 400"),
    ];
    for (path, code, complaint) in broken {
        let found = complaints(path, &with(&code));
        assert!(
            found.iter().any(|it| it.contains(complaint)),
            "{path}: {code:?} should be told {complaint:?}: {found:?}"
        );
    }
    assert_eq!(
        complaints("src/domain/x.rs", "fn f() {}\n"),
        ["src/domain/x.rs: begins without a header that says what it owns"]
    );
}

#[test]
fn what_is_said_in_comments_and_texts_is_not_code() {
    let harmless = [
        "/// `reqwest` is for `fetch` alone.\nconst A: &str = \"crate::cli and f64 \\\" HashMap\";",
        "const B: &str = r#\"a \"polars\" frame\"#;\nconst C: char = '\"'; // rusqlite",
        "fn borrowed<'a>(text: &'a str) -> &'a str {\n    text\n}",
    ];
    for code in harmless {
        assert_eq!(complaints("src/domain/x.rs", &with(code)), Vec::<String>::new(), "{code}");
    }
}
