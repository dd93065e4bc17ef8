//! The archive gives back what it was given, says so durably, and refuses the rest by name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use futures::future::join_all;
use proptest::prelude::*;
use tempfile::TempDir;
use tieout::archive::{Archive, ArchiveError, FetchId, FetchPlan, KeptPage, ListOutcome};
use tieout::domain::{AccountId, List, Period, sha256};

const COMPLETE: ListOutcome = ListOutcome::Complete { walk: 1 };

fn plan(today: &str) -> FetchPlan {
    let period: Period = "2026-03".parse().unwrap();
    let (from, to) = period.window(2);
    FetchPlan { period, from, to, today: today.parse().unwrap() }
}

fn ledger(account: &str) -> List {
    List::Ledger(AccountId::parse(account).unwrap())
}

fn page(fetch: FetchId, list: &List, walk: u32, page: u32, body: &[u8]) -> KeptPage {
    let request = format!("{list}?page={page}&per_page=200");
    KeptPage { fetch, list: list.clone(), walk, page, request, status: 200, asked_at_us: 7, body: body.to_vec() }
}

/// An archive of one finished fetch: three pages of the master, one ledger missing.
async fn filled(path: &Path) -> FetchId {
    let archive = Archive::open(path, "PA_1").unwrap();
    let fetch = archive.begin(&plan("2026-04-02")).unwrap();
    for number in 1..=3 {
        let body = format!("{{\"page\":{number},\"rows\":[{}]}}", "12345,".repeat(200));
        archive.keep(page(fetch, &List::Master, 1, number, body.as_bytes())).await.unwrap();
    }
    archive.settle_list(fetch, &List::Master, COMPLETE).unwrap();
    let missing = ListOutcome::Missing { reason: "HTTP 404: no\nsuch ledger".to_owned() };
    archive.settle_list(fetch, &ledger("MA_2"), missing).unwrap();
    archive.finish(fetch).unwrap();
    fetch
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn place() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("PA_1 100%?.tieout");
    (folder, path)
}

fn refusal(opened: Result<Archive, ArchiveError>, path: &Path) -> String {
    let error = opened.err().expect("the archive is refused");
    error.to_string().replace(&path.display().to_string(), "FILE")
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_reopening() {
    let (_folder, path) = place();
    let (fetch, list) = {
        let archive = Archive::open(&path, "PA_1").unwrap();
        let fetch = archive.begin(&plan("2026-04-02")).unwrap();
        archive.keep(page(fetch, &List::Master, 1, 1, b"one")).await.unwrap();
        archive.keep(page(fetch, &ledger("MA_7"), 2, 3, b"three")).await.unwrap();
        (fetch, ledger("MA_7"))
    };
    let archive = Archive::open(&path, "PA_1").unwrap();
    assert_eq!(archive.begin(&plan("2026-04-03")).unwrap(), fetch, "the unfinished fetch goes on");
    assert_eq!(archive.plan(fetch).unwrap(), plan("2026-04-02"), "and keeps its today");
    let held = archive.pages_held(fetch, &list).unwrap();
    let three = held.get(&(2, 3)).expect("the page is held");
    assert_eq!((three.bytes, three.request.as_str()), (5, "accounts/MA_7/transactions?page=3&per_page=200"));
    assert_eq!(archive.body(&three.digest).unwrap(), b"three");
    assert_eq!(archive.held(fetch).unwrap().len(), 2);
    assert_ne!(archive.begin(&plan("2026-04-04")).unwrap(), fetch, "what is older than yesterday is left alone");
    assert_eq!(archive.latest(plan("2026-04-02").period).unwrap(), None, "not finished, so no evidence");
    assert!(matches!(archive.evidence(fetch), Err(ArchiveError::Unfinished(id)) if id == fetch));
    archive.finish(fetch).unwrap();
    assert_eq!(archive.latest(plan("2026-04-02").period).unwrap(), Some(fetch));
    assert!(archive.begin(&plan("2026-04-09")).unwrap() > fetch, "a finished fetch is never gone on with");
}

#[tokio::test]
async fn pages_kept_at_once_are_all_durable_before_they_are_acknowledged() {
    let (_folder, path) = place();
    let archive = Archive::open(&path, "PA_1").unwrap();
    let fetch = archive.begin(&plan("2026-04-02")).unwrap();
    let keeps = (1..=600).map(|number| {
        let (archive, path) = (&archive, &path);
        async move {
            archive.keep(page(fetch, &List::Master, 1, number, format!("body {}", number % 50).as_bytes())).await?;
            // A reader of its own sees it, not only the connection that wrote it.
            if number % 100 == 0 {
                let held = Archive::open_existing(path)?.pages_held(fetch, &List::Master)?;
                assert!(held.contains_key(&(1, number)), "page {number} was acknowledged too early");
            }
            Ok::<_, ArchiveError>(())
        }
    });
    assert!(join_all(keeps).await.into_iter().all(|kept| kept.is_ok()));
    assert_eq!(archive.pages_held(fetch, &List::Master).unwrap().len(), 600);
}

#[tokio::test]
async fn what_is_held_is_never_replaced() {
    let (_folder, path) = place();
    let archive = Archive::open(&path, "PA_1").unwrap();
    let fetch = archive.begin(&plan("2026-04-02")).unwrap();
    archive.keep(page(fetch, &List::Master, 1, 1, b"one")).await.unwrap();
    archive.keep(page(fetch, &List::Master, 1, 1, b"one")).await.expect("the same again changes nothing");
    let other = archive.keep(page(fetch, &List::Master, 1, 1, b"two")).await.unwrap_err();
    assert_eq!(other.to_string(), "transactions, page 1: already archived with another body");
    archive.settle_list(fetch, &List::Master, COMPLETE).unwrap();
    archive.settle_list(fetch, &List::Master, COMPLETE).expect("the same again changes nothing");
    let other = archive.settle_list(fetch, &List::Master, ListOutcome::Complete { walk: 2 }).unwrap_err();
    assert_eq!(other.to_string(), "transactions: already settled otherwise");
    archive.finish(fetch).unwrap();
    let late = archive.keep(page(fetch, &List::Master, 1, 2, b"late")).await.unwrap_err();
    assert_eq!(late.to_string(), "archive: failed to keep a page: the fetch is finished");
    let late = archive.settle_list(fetch, &List::Me, COMPLETE).unwrap_err();
    assert_eq!(late.to_string(), "archive: failed to settle a list: the fetch is finished");
    let unknown = archive.finish(FetchId::new(99)).unwrap_err();
    assert_eq!(unknown.to_string(), "archive: no fetch 99");
    drop(archive);
    let db = rusqlite::Connection::open(&path).unwrap();
    for table in ["partner", "fetches", "finishes", "bodies", "exchanges", "outcomes"] {
        let refused = db.execute(&format!("DELETE FROM {table}"), []);
        assert!(refused.is_err(), "rows of {table} can be deleted");
    }
    assert!(db.execute("UPDATE exchanges SET walk = 9", []).is_err());
}

#[tokio::test]
async fn the_manifest_holds_the_facts_and_not_the_weather() {
    let (_folder, path) = place();
    let fetch = filled(&path).await;
    let calm = Archive::open_existing(&path).unwrap().evidence(fetch).unwrap();
    let digest = &calm.lists[0].pages[0].digest;
    let manifest = calm.manifest();
    let lines: Vec<&str> = manifest.lines().collect();
    assert_eq!(lines[0], "tieout archive manifest v1  PA_1  2026-03  2026-02-27 to 2026-04-02  on 2026-04-02");
    assert_eq!(lines[1], format!("{digest}  1220  transactions 1  200 {}", calm.lists[0].pages[0].request));
    assert_eq!(lines[4], "missing  accounts/MA_2/transactions  HTTP 404: no such ledger");
    assert_eq!(lines[5], "2 lists  3 pages");

    // The same facts after a first walk that shifted, with the pages in another order.
    let (_folder, stormy_path) = place();
    let archive = Archive::open(&stormy_path, "PA_1").unwrap();
    let stormy = archive.begin(&plan("2026-04-02")).unwrap();
    archive.keep(page(stormy, &List::Master, 1, 1, b"shifted")).await.unwrap();
    let source = Archive::open_existing(&path).unwrap();
    for kept in calm.lists[0].pages.iter().rev() {
        let body = source.body(&kept.digest).unwrap();
        archive.keep(page(stormy, &List::Master, 2, kept.page, &body)).await.unwrap();
    }
    let missing = ListOutcome::Missing { reason: "HTTP 404: no such ledger".to_owned() };
    archive.settle_list(stormy, &ledger("MA_2"), missing).unwrap();
    archive.settle_list(stormy, &List::Master, ListOutcome::Complete { walk: 2 }).unwrap();
    archive.finish(stormy).unwrap();
    assert_eq!(archive.evidence(stormy).unwrap().manifest(), manifest);
}

#[tokio::test]
async fn reading_leaves_nothing_beside_the_file() {
    let (folder, path) = place();
    let fetch = filled(&path).await;
    let _ = std::fs::remove_file(folder.path().join("PA_1 100%?.tieout.lock"));
    let read = |path: &Path| {
        let archive = Archive::open_existing(path).unwrap();
        assert_eq!(archive.partner(), "PA_1");
        let evidence = archive.evidence(fetch).unwrap();
        evidence.lists[0].pages.iter().map(|page| archive.body(&page.digest).unwrap().len()).sum::<usize>()
    };
    assert_eq!((read(&path), names(folder.path()).len()), (3 * 1220, 1));

    // A copy of the file alone, whose last writer left it in the mode of a write-ahead log.
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "journal_mode", "wal").unwrap();
    assert_eq!(names(folder.path()).len(), 1);
    assert_eq!((read(&path), names(folder.path()).len()), (3 * 1220, 1));

    let archive = Archive::open_existing(&path).unwrap();
    assert_eq!(archive.finish(fetch).unwrap_err().to_string(), "archive: opened for reading, cannot be written to");
}

#[tokio::test]
async fn a_killed_writer_loses_nothing_it_acknowledged() {
    let (_folder, path) = place();
    let archive = Archive::open(&path, "PA_1").unwrap();
    let fetch = archive.begin(&plan("2026-04-02")).unwrap();
    archive.keep(page(fetch, &List::Me, 1, 1, b"{}")).await.unwrap();
    // What a kill leaves behind: the file and its log as they are now.
    let (_other, copy) = place();
    for suffix in ["", "-wal"] {
        std::fs::copy(format!("{}{suffix}", path.display()), format!("{}{suffix}", copy.display())).unwrap();
    }
    assert_eq!(Archive::open_existing(&copy).unwrap().pages_held(fetch, &List::Me).unwrap().len(), 1);
    let resumed = Archive::open(&copy, "PA_1").unwrap();
    assert_eq!(resumed.begin(&plan("2026-04-03")).unwrap(), fetch);
    assert_eq!(resumed.pages_held(fetch, &List::Me).unwrap().len(), 1);
}

#[tokio::test]
async fn refusals_say_what_was_seen_and_what_was_expected() {
    let (folder, path) = place();
    assert_eq!(refusal(Archive::open_existing(&path), &path), "archive FILE: no such file");
    filled(&path).await;
    assert_eq!(refusal(Archive::open(&path, "PA_2"), &path), "archive FILE: belongs to partner PA_1, expected PA_2");
    let first = Archive::open(&path, "PA_1").unwrap();
    assert_eq!(refusal(Archive::open(&path, "PA_1"), &path), "archive FILE: another run is writing to it");
    drop(first);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    for opened in [Archive::open(&path, "PA_1"), Archive::open_existing(&path)] {
        assert_eq!(refusal(opened, &path), "archive FILE: schema 2 is newer than 1, the newest this version reads");
    }
    let text = folder.path().join("text");
    std::fs::write(&text, "id,amount\n".repeat(100)).unwrap();
    let foreign = folder.path().join("foreign");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    for path in [text, foreign] {
        for opened in [Archive::open(&path, "PA_1"), Archive::open_existing(&path)] {
            assert_eq!(refusal(opened, &path), "archive FILE: not an archive of tieout");
        }
    }
}

#[tokio::test]
async fn a_changed_bit_in_a_body_is_named() {
    let (folder, path) = place();
    let fetch = filled(&path).await;
    let whole = std::fs::read(&path).unwrap();
    let magic = [0x28, 0xb5, 0x2f, 0xfd];
    let frames: Vec<usize> = whole.windows(4).enumerate().filter(|(_, w)| *w == magic).map(|(at, _)| at).collect();
    assert_eq!(frames.len(), 3);
    let flipped_path = folder.path().join("flipped");
    for frame in frames {
        for offset in [0, 5, 9, 14] {
            let mut flipped = whole.clone();
            flipped[frame + offset] ^= 0x10;
            std::fs::write(&flipped_path, flipped).unwrap();
            let archive = Archive::open_existing(&flipped_path).unwrap();
            let pages = archive.evidence(fetch).unwrap().lists.remove(0).pages;
            let errors: Vec<_> =
                pages.iter().filter_map(|page| Some((page, archive.body(&page.digest).err()?))).collect();
            let [(page, error)] = errors.as_slice() else { panic!("{} bodies are damaged", errors.len()) };
            let message = error.to_string();
            let place = format!("transactions, page {}: archived body is damaged", page.page);
            assert!(message.starts_with(&place) && message.ends_with(&page.digest), "{message}");
        }
    }
}

/// The file of `filled`, its fetch and its manifest, made once.
static FILLED: LazyLock<(Vec<u8>, FetchId, String)> = LazyLock::new(|| {
    let (_folder, path) = place();
    let fetch = block_on(filled(&path));
    let manifest = Archive::open_existing(&path).unwrap().evidence(fetch).unwrap().manifest();
    (std::fs::read(&path).unwrap(), fetch, manifest)
});

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    /// Law 10, at the archive: a bit may be one that nothing rests on, but it never changes a fact in silence.
    #[test]
    fn no_changed_bit_passes_for_the_truth(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let (bytes, fetch, manifest) = &*FILLED;
        let mut bytes = bytes.clone();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let (_folder, flipped) = place();
        std::fs::write(&flipped, bytes).unwrap();
        let Ok(archive) = Archive::open_existing(&flipped) else { return Ok(()) };
        let Ok(evidence) = archive.evidence(*fetch) else { return Ok(()) };
        if evidence.manifest() == *manifest {
            for page in evidence.lists.iter().flat_map(|list| &list.pages) {
                if let Ok(body) = archive.body(&page.digest) {
                    prop_assert_eq!(sha256(&body), page.digest.clone());
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn any_body_comes_back_as_it_went_in(bodies in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..5)) {
        let (_folder, path) = place();
        let archive = Archive::open(&path, "PA_1").unwrap();
        let fetch = archive.begin(&plan("2026-04-02")).unwrap();
        for (number, body) in (1..).zip(&bodies) {
            block_on(archive.keep(page(fetch, &List::Master, 1, number, body))).unwrap();
        }
        let held = archive.pages_held(fetch, &List::Master).unwrap();
        let back: Vec<Vec<u8>> = held.values().map(|held| archive.body(&held.digest).unwrap()).collect();
        prop_assert_eq!(back, bodies);
    }
}
