//! Moves the access token of a recorded request to where the settings say that it is sent.
//!
//! Pure.

use std::borrow::Cow;

use http::header;
use trace::exchange::Request;

use crate::settings::Sends;

/// Takes the token's slot from where it was recorded, and puts it where it goes; nothing where there
/// is none.
pub(super) fn carry(request: &mut Cow<'_, Request>, sends: &Sends) {
    let slot = request.headers.iter().find_map(|(_, value)| slot_in(value));
    let Some(slot) = slot.map(str::to_owned) else {
        return;
    };
    let mut headers = Vec::new();
    let mut crumbs = Vec::new();
    for (name, value) in &request.headers {
        if name == header::COOKIE.as_str() {
            let others = value
                .split(';')
                .map(str::trim)
                .filter(|crumb| slot_in(crumb).is_none());
            crumbs.extend(others.map(str::to_owned));
        } else if slot_in(value).is_none() && *name != sends.header.as_str() {
            headers.push((name.clone(), value.clone()));
        }
    }
    let value = sends.value(&slot);
    if sends.header == header::COOKIE {
        crumbs.push(value);
    } else {
        headers.push((sends.header.as_str().to_owned(), value));
    }
    if !crumbs.is_empty() {
        headers.push((header::COOKIE.as_str().to_owned(), crumbs.join("; ")));
    }
    request.to_mut().headers = headers.into();
}

/// The slot of an access token.
fn slot_in(text: &str) -> Option<&str> {
    let start = text.find("{{auth:")?;
    let end = text[start..].find("}}")?;
    Some(&text[start..start + end + 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::exchange;

    fn carried(recorded: &[(&str, &str)], sends: &str) -> Vec<(String, String)> {
        let mut exchange = exchange(1, 0, 1);
        let pairs = recorded
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        exchange.request.headers = pairs.collect::<Vec<_>>().into();
        let mut request = Cow::Borrowed(&exchange.request);
        carry(&mut request, &Sends::parse(sends).unwrap());
        request.headers.to_vec()
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_token_goes_where_the_settings_say() {
        let recorded = [
            ("accept", "a"),
            ("authorization", "Bearer {{auth:u1}}"),
            ("cookie", "t=x; s={{auth:u1}}"),
        ];
        assert_eq!(
            carried(&recorded, "x-token: {{token}}"),
            [
                pair("accept", "a"),
                pair("x-token", "{{auth:u1}}"),
                pair("cookie", "t=x")
            ]
        );
        assert_eq!(
            carried(&recorded, "cookie: sid={{token}}"),
            [pair("accept", "a"), pair("cookie", "t=x; sid={{auth:u1}}")]
        );
        assert_eq!(
            carried(&[("cookie", "t=x")], "cookie: sid={{token}}"),
            [pair("cookie", "t=x")]
        );
    }
}
