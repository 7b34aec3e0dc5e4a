//! A stream's head as HTTP/1: whatever HTTP/2 lets through, it is one request, and the same one.

use bytes::BytesMut;
use http::{HeaderName, HeaderValue, Uri};
use proptest::prelude::*;

use super::*;
use crate::http1::head::Request;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// What h2 makes of a stream's pseudo-headers and headers; nothing where it refuses them.
fn stream(method: &str, authority: &str, path: &[u8], fields: &Fields) -> Option<RequestHeader> {
    let uri = Uri::builder()
        .scheme("https")
        .authority(authority)
        .path_and_query(path);
    let (mut parts, ()) = http::Request::new(()).into_parts();
    parts.method = method.parse().ok()?;
    parts.uri = uri.build().ok()?;
    for (name, value) in fields {
        let (name, value) = sendable(name, value)?;
        parts.headers.append(name, value);
    }
    Some(parts.into())
}

fn sendable(name: &[u8], value: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_lowercase(name).ok()?;
    Some((name, HeaderValue::from_bytes(value).ok()?))
}

fn field() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    const NAMES: [&str; 8] = [
        "cookie",
        "host",
        "content-length",
        "x-a",
        "x-a",
        "expect",
        "transfer-encoding",
        "x_y",
    ];
    let name = prop_oneof![
        4 => prop::sample::select(NAMES.as_slice()).prop_map(|name| name.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..6),
    ];
    let value = prop_oneof![
        2 => "[ -~]{0,12}".prop_map(String::into_bytes),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    let field = (name, value);
    field.prop_filter("no header", |(name, value)| sendable(name, value).is_some())
}

/// The values of a name, together: cookies may come in crumbs.
fn values(fields: &Fields, name: &str) -> Vec<Vec<u8>> {
    let of = fields.iter().filter(|(n, _)| n == name.as_bytes());
    of.map(|(_, value)| value.trim_ascii().to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_stream_is_one_request_and_the_same(
        method in prop_oneof!["[A-Z]{1,7}", "[!-~]{1,4}"],
        authority in prop_oneof!["[a-z]{1,3}", "[a-z@:\\[\\]0-9%]{1,8}"],
        path in prop::collection::vec(
            prop_oneof![8 => prop::sample::select(&b"/abc?=%."[..]), 1 => any::<u8>()], 0..8
        ),
        fields in prop::collection::vec(field(), 0..5),
        chunked in any::<bool>(),
    ) {
        let path = [b"/", &path[..]].concat();
        let Some(header) = stream(&method, &authority, &path, &fields) else {
            return Ok(());
        };
        let mut out = BytesMut::new();
        write_request(&mut out, &header, chunked);
        out.extend_from_slice(b"the body");
        let Ok(request) = Request::take(&mut out, &mut Search::default()) else {
            return Ok(());
        };
        let request = request.expect("a whole head");
        prop_assert_eq!(&out[..], b"the body");
        prop_assert_eq!(request.method(), method.as_bytes());
        prop_assert_eq!(request.target(), header.raw_path());
        let read: Fields = request.fields.iter().map(|(n, v)| (n.to_vec(), v.to_vec())).collect();
        let mut hosts = values(&fields, "host");
        hosts.retain(|host| host != authority.as_bytes());
        hosts.insert(0, authority.clone().into_bytes());
        prop_assert_eq!(values(&read, "host"), hosts);
        let crumbs = values(&fields, "cookie");
        let cookies = values(&read, "cookie");
        prop_assert_eq!(cookies.len(), crumbs.len().min(1));
        prop_assert_eq!(values(&read, "x-a"), values(&fields, "x-a"));
        let mut encodings = values(&fields, "transfer-encoding");
        encodings.extend(chunked.then(|| b"chunked".to_vec()));
        prop_assert_eq!(values(&read, "transfer-encoding"), encodings);
    }
}
