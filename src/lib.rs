//! `tieout` closes a telephony reseller's month: it fetches the partner's books, ties the master ledger out to the
//! customers' ledgers, bills what tied out, and seals the papers.
//!
//! The modules are floors; each imports only from those below it (`tests/it/tidy.rs` holds that). From the top:
//! `cli` · `run` · `register` · `settings` · `seal` · `report`, `explain` · `invoice` · `reconcile` · `normalise` · `fetch`, `archive` ·
//! `frame` · `database`, `domain`, `wire`, `watch`, `disk`. Aside stands `simulator`, which sees `domain` and `wire` only.

pub mod archive;
pub mod cli;
pub mod database;
pub mod disk;
pub mod domain;
pub mod explain;
pub mod fetch;
pub mod frame;
pub mod invoice;
pub mod normalise;
pub mod reconcile;
pub mod register;
pub mod report;
pub mod run;
pub mod seal;
pub mod settings;
pub mod simulator;
pub mod watch;
pub mod wire;
