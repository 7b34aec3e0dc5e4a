//! Users and log-ins from the file, and what must be unique.

use std::path::PathBuf;

use super::super::file;
use super::super::values;
use super::super::{Auth, AuthRequest, RoleSource, Sends, UniqueField, Users};
use super::Mistakes;

impl Mistakes<'_> {
    pub(super) fn users(&mut self, file: file::Users) -> Option<Users> {
        let role = match file.role {
            None => None,
            Some(role) => Some(RoleSource {
                at: self.locator("users.role.at", Some(&role.at), "")?,
                route: role.route,
            }),
        };
        Some(Users {
            file: file.file.filter(|path| *path != PathBuf::new()),
            role,
            share: file.share.unwrap_or_default(),
        })
    }

    pub(super) fn auth(&mut self, file: file::Auth) -> Option<Auth> {
        let login = file.login.map(|login| self.request(&LOGIN, login));
        let refresh = file.refresh.map(|refresh| self.request(&REFRESH, refresh));
        let token = file.token.as_deref();
        let token = self.locator("auth.token", token, "body#/access_token");
        let refresh_token = file.refresh_token.as_deref();
        let refresh_token =
            self.locator("auth.refresh_token", refresh_token, "body#/refresh_token");
        let sends = file.send.map(|send| self.sends(&send));
        let life_ns = file.life.map(|life| self.life(&life));
        Some(Auth {
            login: given(login)?,
            refresh: given(refresh)?,
            token: token?,
            refresh_token: refresh_token?,
            sends: given(sends)?,
            life_ns: given(life_ns)?,
        })
    }

    pub(super) fn unique(&mut self, file: Vec<file::Unique>) -> Vec<UniqueField> {
        let places = ["body#/", "body/", "query/", "path/", "header/"];
        let mut fields = Vec::new();
        for file::Unique { route, at } in file {
            if places.iter().any(|place| at.starts_with(place)) {
                fields.push(UniqueField { route, at });
            } else {
                self.add(
                    "unique.at",
                    format_args!(
                        "`{at}` is no place in a request; write it as in `body#/code` (JSON), \
                         `body/code` (a form) or `query/code`"
                    ),
                );
            }
        }
        fields
    }

    fn request(&mut self, keys: &Keys, file: file::AuthRequest) -> Option<AuthRequest> {
        let rooted = file.path.starts_with('/');
        if !rooted {
            self.add(
                keys.path,
                format_args!(
                    "`{0}` does not begin with `/`; write the whole path, as in `/{0}`",
                    file.path
                ),
            );
        }
        let method = file.method.as_deref().unwrap_or("POST");
        let parsed = method.parse().ok();
        if parsed.is_none() {
            self.add(
                keys.method,
                format_args!("`{method}` is no HTTP method; write one, such as `POST`"),
            );
        }
        Some(AuthRequest {
            method: parsed.filter(|_| rooted)?,
            path: file.path,
            content_type: file
                .content_type
                .unwrap_or_else(|| content_type(&file.body).to_owned()),
            body: file.body,
        })
    }

    fn sends(&mut self, text: &str) -> Option<Sends> {
        let sends = Sends::parse(text);
        if sends.is_none() {
            self.add(
                "auth.send",
                format_args!(
                    "`{text}` is no header with a token; write it as in \
                     `authorization: Bearer {{{{token}}}}`"
                ),
            );
        }
        sends
    }

    fn life(&mut self, text: &str) -> Option<u64> {
        let life = values::duration(text).map(|life| u64::try_from(life.as_nanos()));
        match life {
            Ok(Ok(life_ns)) if life_ns > 0 => Some(life_ns),
            _ => {
                self.add(
                    "auth.life",
                    format_args!("`{text}` is no length of time; write it as in `14m` or `5s`"),
                );
                None
            }
        }
    }
}

/// A setting that may be left out, and must be right where it is not.
fn given<T>(setting: Option<Option<T>>) -> Option<Option<T>> {
    match setting {
        None => Some(None),
        Some(setting) => setting.map(Some),
    }
}

/// What the keys of a request are called.
struct Keys {
    method: &'static str,
    path: &'static str,
}

const LOGIN: Keys = Keys {
    method: "auth.login.method",
    path: "auth.login.path",
};
const REFRESH: Keys = Keys {
    method: "auth.refresh.method",
    path: "auth.refresh.path",
};

fn content_type(body: &str) -> &'static str {
    if body.trim_start().starts_with('{') {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    }
}
