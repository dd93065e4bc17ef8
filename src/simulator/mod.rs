//! The partner API without the partner: a pure function of (world, request) → answer, and the same behind a socket.
//!
//! Owns scenarios (a file a person can read), the worlds built from them, the flaws planted in their books and the
//! weather on their line. A scenario and a request go in, the bytes that the partner would send come out, together
//! with the list of everything a right close must report. It shares no code with the engine it tests, never reads a
//! clock, and lets nothing but the seed decide.

mod accounts;
mod answer;
mod arrivals;
mod books;
mod check;
mod entries;
mod flaws;
mod http;
mod query;
mod render;
mod scenario;
mod socket;
mod times;
mod touches;
mod view;
mod wallets;
mod weather;
mod world;

pub use accounts::{Account, Partner};
pub use answer::{Answer, Request};
pub use arrivals::Arrival;
pub use books::{Row, Text};
pub use flaws::Planted;
pub use scenario::{
    CloseSettings, Expected, FlawPlan, GlobalLedger, GlobalLedgerClaim, Names, Order, Scenario, ScenarioError, Totals,
    WorldPlan,
};
pub use socket::{Asked, BASE_PATH, Onlooker, serve, serve_seen};
pub use weather::{Fault, RetryAfterForm, Weather, WeatherPlan};
pub use world::World;
