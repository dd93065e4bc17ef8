//! The pace of requests on a clock that tests move: never above the rate, hardly below it, and its way back after a 429.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tieout::fetch::Pace;
use tokio::time::{Instant, advance, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// A machine that now and then stands still, so that whoever sleeps wakes late by up to so many milliseconds.
fn stalls(most_ms: u64, mut rng: ChaCha8Rng) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            sleep(Duration::from_millis(rng.random_range(1..25))).await;
            advance(Duration::from_micros(rng.random_range(0..=most_ms * 1000))).await;
        }
    })
}

fn none_too_many(sent: &[Instant], rate: u32) {
    for (first, beyond) in sent.iter().zip(&sent[(rate as usize).min(sent.len())..]) {
        let apart = *beyond - *first;
        assert!(apart >= SECOND, "{rate} requests and one more within {apart:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_second_sees_more_requests_than_the_rate_however_late_the_timers_are() {
    for seed in 0..60 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rate = rng.random_range(1..=300);
        let (stall_ms, refused_per_mille) = ([0, 3, 40][rng.random_range(0..3)], [0, 5, 80][rng.random_range(0..3)]);
        #[expect(clippy::print_stdout, reason = "shown where the test fails")]
        {
            println!("seed {seed}: {rate} a second, stalls up to {stall_ms} ms, {refused_per_mille} of 1000 refused");
        }
        let (pace, sent) = (Arc::new(Pace::new(rate)), Arc::<Mutex<Vec<Instant>>>::default());
        let stalling = stalls(stall_ms, ChaCha8Rng::seed_from_u64(seed + 1000));
        let workers = (0..24).map(|worker| {
            let (pace, sent) = (Arc::clone(&pace), Arc::clone(&sent));
            let mut rng = ChaCha8Rng::seed_from_u64(seed * 100 + worker);
            tokio::spawn(async move {
                for _ in 0..40 {
                    let permit = pace.permit().await;
                    sent.lock().unwrap().push(Instant::now());
                    sleep(Duration::from_millis(rng.random_range(1..400))).await;
                    if rng.random_range(0..1000) < refused_per_mille {
                        pace.throttled(permit, None);
                    } else {
                        pace.answered();
                    }
                }
            })
        });
        futures::future::join_all(workers).await.into_iter().for_each(|worker| worker.unwrap());
        stalling.abort();
        none_too_many(&sent.lock().unwrap(), rate);
    }
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_used_up_although_timers_are_late() {
    for rate in [1, 5, 20, 100, 1000] {
        for stall_ms in [0, 3] {
            let stalling = stalls(stall_ms, ChaCha8Rng::seed_from_u64(u64::from(rate)));
            let pace = Pace::new(rate);
            let mut sent = Vec::new();
            for _ in 0..=rate * 20 {
                pace.permit().await;
                sent.push(Instant::now());
            }
            stalling.abort();
            none_too_many(&sent, rate);
            let took = sent[sent.len() - 1] - sent[0];
            assert!(took <= Duration::from_millis(20_200), "{took:?} for 20 s at {rate} a second");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_429_halves_the_rate_once_and_it_comes_back_within_half_a_minute() {
    for (rate, half) in [(5, 2), (20, 10), (100, 50)] {
        let pace = Pace::new(rate);
        let (first, second) = (pace.permit().await, pace.permit().await);
        assert_eq!(pace.throttled(first, Some(3 * SECOND)), Some(half));
        assert_eq!(pace.throttled(second, None), None, "earned by the rate before");
        let (began, mut sent, mut said) = (Instant::now(), Vec::new(), Vec::new());
        while began.elapsed() < 30 * SECOND {
            pace.permit().await;
            sent.push(began.elapsed());
            said.extend(pace.answered());
        }
        let within = |from: u64, to: u64| sent.iter().filter(|at| at.as_secs() >= from && at.as_secs() < to).count();
        assert_eq!(within(0, 3), 0, "every request waits as long as the partner asked");
        assert!(within(3, 4) <= half as usize, "{} in the first second at {half} a second", within(3, 4));
        assert!(within(3, 5) >= half as usize, "{} in two seconds at {half} a second", within(3, 5));
        assert_eq!(said, [rate], "told when it is back, not at every step");
        assert!(within(28, 29) + 1 >= rate as usize, "{} in a second at {rate} a second", within(28, 29));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_is_refused_again_falls_further_and_never_to_nothing() {
    let pace = Pace::new(20);
    let mut falls = Vec::new();
    for _ in 0..7 {
        let permit = pace.permit().await;
        falls.extend(pace.throttled(permit, None));
    }
    assert_eq!(falls, [10, 5, 2, 1]);
}
