//! The integration tests: one binary, one module a topic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::as_conversions, clippy::cast_possible_truncation, reason = "figures in tests are small")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks what it is about")]
#![allow(clippy::format_collect, clippy::format_push_string, reason = "a test's texts are short")]
#![allow(clippy::similar_names, clippy::assigning_clones, reason = "a test reads like its subject")]

mod again;
mod again_desk;
mod again_laws;
mod archive;
mod audit;
mod bad_input;
mod binary;
mod books;
mod bridge;
mod cash;
mod cash_damage;
mod cash_report;
mod check;
mod cli;
mod corners;
mod corners_of_entries;
mod csv_profiles;
mod damage;
mod days;
mod desk;
mod disk;
mod documents;
mod exports;
mod exports_programs;
mod fetch;
mod fetch_walk;
mod frugal;
mod fuzz_pages;
mod gst;
mod hostile;
mod independent;
mod init;
mod invoice;
mod job;
mod killed;
mod laws;
mod laws_money;
mod laws_order;
mod laws_proof;
mod laws_weather;
mod matrix;
mod months;
mod months_corners;
mod months_judged;
mod notes;
mod pace;
mod page;
mod page_browser;
mod page_links;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(not(feature = "pdf"))]
mod pdf_refused;
mod plain;
mod proposals;
mod raw;
mod raw_server;
mod recharge;
mod recharge_laws;
mod recheck;
mod recheck_corners;
mod recheck_desk;
mod recheck_laws;
mod recheck_register;
mod refusals;
mod register;
mod renewed;
mod report;
mod runs;
mod runs_chained;
mod runs_killed;
mod scenarios;
mod schema;
mod scrub;
mod seal;
mod secrets;
mod settings;
mod simulator;
mod storm;
mod summaries;
mod support;
mod tidy;
mod tidy_lexer;
mod wallets;
mod workbook;
mod workbook_reader;
