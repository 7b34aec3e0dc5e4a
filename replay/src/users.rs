//! The pool of test users that replay logs in with.
//!
//! Reads `username,password,role` from CSV text; who gets whom is decided in the plan.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

/// An account on the target that exists for testing.
#[derive(Debug, Clone)]
pub(crate) struct TestUser {
    /// The name to log in with.
    pub(crate) username: String,
    /// The password to log in with.
    pub(crate) password: SecretString,
    /// What the account may do, such as `faculty`.
    pub(crate) role: String,
}

/// All test users, and the file that they came from.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool {
    /// The file, for messages; `None` when none is configured.
    pub(crate) file: Option<PathBuf>,
    /// In the file's order.
    pub(crate) users: Vec<TestUser>,
}

impl Pool {
    /// Reads the pool from the text of a CSV file.
    pub(crate) fn parse(file: &Path, text: &str) -> Result<Self, UsersError> {
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let mut users = Vec::new();
        for row in reader.deserialize() {
            let row: Row = row.map_err(|source| UsersError {
                file: file.to_owned(),
                line: source.position().map_or(1, csv::Position::line),
                reason: reason(&source),
            })?;
            users.push(TestUser {
                username: row.username,
                password: row.password.into(),
                role: row.role.unwrap_or_default(),
            });
        }
        Ok(Self {
            file: Some(file.to_owned()),
            users,
        })
    }
}

/// A users file that cannot be understood.
#[derive(Debug, thiserror::Error)]
#[error("{file}:{line}: {reason}, expected `username,password,role` in every line", file = file.display())]
pub(crate) struct UsersError {
    file: PathBuf,
    line: u64,
    reason: String,
}

#[derive(Deserialize)]
struct Row {
    username: String,
    password: String,
    role: Option<String>,
}

/// The reason without the record's content, which holds a password.
fn reason(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Deserialize { err, .. } => err.to_string(),
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} fields instead of {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".to_owned(),
        _ => "not CSV".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    #[test]
    fn reads_users_in_order() {
        let pool = Pool::parse(
            Path::new("users.csv"),
            "username,password,role\na,p1,admin\n b , p2 ,faculty\n",
        )
        .unwrap();
        let read: Vec<_> = pool
            .users
            .iter()
            .map(|user| {
                (
                    user.username.as_str(),
                    user.password.expose_secret(),
                    user.role.as_str(),
                )
            })
            .collect();
        assert_eq!(read, [("a", "p1", "admin"), ("b", "p2", "faculty")]);
        assert!(
            !format!("{pool:?}").contains("p1"),
            "a password must not print"
        );
    }

    #[test]
    fn says_where_a_file_is_wrong() {
        let wrong = |text| {
            Pool::parse(Path::new("users.csv"), text)
                .unwrap_err()
                .to_string()
        };
        insta::assert_snapshot!(
            wrong("username,password,role\na,secret\n"),
            @"users.csv:2: 2 fields instead of 3, expected `username,password,role` in every line"
        );
        insta::assert_snapshot!(
            wrong("name,password,role\na,secret,admin\n"),
            @"users.csv:2: missing field `username`, expected `username,password,role` in every line"
        );
    }
}
