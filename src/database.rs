//! SQLite files that may come from anywhere: a path in, a connection out in which nothing that stands in the file runs, and
//! whatever a file holds beside what we put into one of its kind.
//!
//! Knows no table of anybody's, and keeps nothing. What it cannot see: whether the rows are true.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// What is switched on and off in every connection. The schema of a file is somebody else's word: no view of it is looked into,
/// none of its expressions calls a function with an effect, nothing in it changes the schema itself, and no text between double
/// quotes passes for a string.
const HARDENED: [(DbConfig, bool); 6] = [
    (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
    (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
    (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
];

/// Opens a file as SQLite's manual asks for files from elsewhere (“Defense Against The Dark Arts”). Reads nothing of it yet.
///
/// # Errors
/// When SQLite cannot open it.
pub fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    for (setting, value) in HARDENED {
        db.set_db_config(setting, value)?;
    }
    // Whoever only reads fires no trigger, whatever is written there.
    let reads = flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY);
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, !reads)?;
    db.execute_batch("PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0;")?;
    Ok(db)
}

/// What stands in the schema of a file: tables, indexes and triggers, and whatever else somebody put there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema(BTreeMap<String, Object>);

/// One object of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Object {
    /// `table`, `index`, `trigger` or `view`.
    kind: String,
    /// As it was created, blanks made one; nothing for what SQLite made by itself.
    sql: Option<String>,
}

/// How closely the tables of a file must be those that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tables {
    /// To the letter.
    Exact,
    /// By their names, each an ordinary table with plain columns: an earlier version may have given them fewer.
    Named,
}

impl Schema {
    /// Reads the schema of a file.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn of(db: &Connection) -> rusqlite::Result<Self> {
        let mut query = db.prepare("SELECT name, type, sql FROM main.sqlite_schema")?;
        let objects = query.query_map([], |row| {
            let sql = row.get::<_, Option<String>>(2)?;
            let sql = sql.map(|sql| sql.split_whitespace().collect::<Vec<_>>().join(" "));
            Ok((row.get(0)?, Object { kind: row.get(1)?, sql }))
        })?;
        objects.collect::<rusqlite::Result<_>>().map(Self)
    }

    /// What a file holds that is not among what is known, as in ``view `exchanges` ``; nothing where all of it is. What the
    /// file lacks is no matter here.
    ///
    /// # Errors
    /// When SQLite refuses.
    pub fn foreign(&self, db: &Connection, tables: Tables) -> rusqlite::Result<Option<String>> {
        for (name, found) in Self::of(db)?.0 {
            let Object { kind, sql } = &found;
            let is_known = match self.0.get(&name) {
                Some(known) if tables == Tables::Named && kind == "table" => {
                    let is_ordinary = sql.as_ref().is_some_and(|sql| sql.starts_with("CREATE TABLE "));
                    known.kind == *kind && is_ordinary && is_plain(db, &name)?
                }
                Some(known) => found == *known,
                // Made by SQLite itself for a key of a table; nobody else can give such a name.
                None => kind == "index" && sql.is_none() && name.starts_with("sqlite_autoindex_"),
            };
            if !is_known {
                return Ok(Some(format!("{kind} `{}`", name.escape_debug())));
            }
        }
        Ok(None)
    }
}

/// Whether the columns of a table are kept, none of them worked out.
fn is_plain(db: &Connection, table: &str) -> rusqlite::Result<bool> {
    let hidden = "SELECT count(*) FROM pragma_table_xinfo(?1) WHERE hidden <> 0";
    db.query_row(hidden, [table], |row| row.get::<_, i64>(0)).map(|hidden| hidden == 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    const OWN: &str = "CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER) STRICT;
        CREATE INDEX t_by_b ON t (b);
        CREATE TRIGGER t_stay BEFORE DELETE ON t BEGIN SELECT RAISE(ABORT, 'no'); END;";

    fn with(sql: &str) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        db
    }

    fn foreign(sql: &str, tables: Tables) -> Option<String> {
        Schema::of(&with(OWN)).unwrap().foreign(&with(sql), tables).unwrap()
    }

    #[test]
    fn what_is_not_ours_is_named() {
        let table = "CREATE TABLE t (a TEXT PRIMARY KEY, b INTEGER) STRICT;";
        let none = [OWN, table, "", "CREATE TABLE\n t  (a TEXT PRIMARY KEY, b INTEGER)\tSTRICT"];
        for tables in [Tables::Exact, Tables::Named] {
            for sql in none {
                assert_eq!(foreign(sql, tables), None, "{sql}");
            }
            let cases = [
                ("CREATE VIEW t (a, b) AS SELECT 1, 2", "view `t`"),
                ("CREATE TABLE u (a)", "table `u`"),
                ("CREATE TABLE T (a)", "table `T`"),
                ("CREATE TABLE t (a TEXT, b AS (zeroblob(9)))", "table `t`"),
                ("CREATE TABLE t (a TEXT, b AS (1) STORED)", "table `t`"),
                ("CREATE TABLE u (a); CREATE INDEX t_by_b ON u (a)", "index `t_by_b`"),
            ];
            for (sql, told) in cases {
                assert_eq!(foreign(sql, tables).as_deref(), Some(told), "{sql}");
            }
            let added = [
                ("CREATE INDEX t_by_b ON t (b + 1)", "index `t_by_b`"),
                ("CREATE INDEX more ON t (b)", "index `more`"),
                ("CREATE TRIGGER t_stay BEFORE DELETE ON t BEGIN SELECT 1; END", "trigger `t_stay`"),
                ("CREATE TRIGGER more AFTER INSERT ON t BEGIN SELECT 1; END", "trigger `more`"),
            ];
            for (sql, told) in added {
                assert_eq!(foreign(&format!("{table}{sql}"), tables).as_deref(), Some(told), "{sql}");
            }
        }
        let fewer = "CREATE TABLE t (a TEXT PRIMARY KEY) STRICT";
        assert_eq!(foreign(fewer, Tables::Named), None);
        assert_eq!(foreign(fewer, Tables::Exact).as_deref(), Some("table `t`"));
    }
}
