//! What HTTP says itself: words and names that are about nobody. Fixed: whatever else a client or
//! an application writes in their place may be data.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::policy::Quick;

/// Whether it is a word of header values, in any letter case: a media type's, a directive's.
pub(super) fn is_word(word: &str) -> bool {
    static ALL: LazyLock<HashSet<&str, Quick>> = LazyLock::new(|| words().collect());
    is_among(&ALL, word)
}

/// Whether it is the name of a header that many applications have.
pub(super) fn is_name(name: &str) -> bool {
    static ALL: LazyLock<HashSet<&str, Quick>> = LazyLock::new(|| {
        let names = NAMES.split_whitespace();
        names.collect()
    });
    is_among(&ALL, name)
}

/// All words, of which the names are some.
pub(super) fn words<'a>() -> impl Iterator<Item = &'a str> {
    WORDS.split_whitespace().chain(NAMES.split_whitespace())
}

fn is_among(all: &HashSet<&str, Quick>, word: &str) -> bool {
    word.len() <= LONGEST && all.contains(&*word.to_ascii_lowercase())
}

/// More bytes than the longest word has.
const LONGEST: usize = 80;

const WORDS: &str = "
    http https ws wss www example com example.com
    * allow-from apng application ascii atom+xml audio avif b2 b3 bmp boundary br burst byteranges
    bytes calendar cbor charset chunked client_max_window_bits client_no_context_takeover compress
    connect csp-report css csv dcb dcz default deflate delete deny depth-noroot dicom dicom+json
    ecmascript event-stream false fhir+json fhir+xml fixed flowed font form-data format get gif
    graphql graphql-response+json grpc grpc-web gzip hal+json handling head html identity image
    immutable iso-8859-1 javascript jpeg json json-patch+json json-seq jsonl latin1 ld+json
    lenient level limit manifest+json markdown max-age max-stale merge-patch+json message
    min-fresh minimal mixed model mp4 mpeg msgpack msword multipart must-revalidate
    must-understand no-cache no-store no-transform none nosniff octet-stream off ogg on
    only-if-cached openapi+json options otf patch pdf permessage-deflate plain png policy post
    private problem+json problem+xml profile protobuf proxy-revalidate public put q r related
    remaining reports+json representation requests reset respond-async return rss+xml rtf s-maxage
    safe sameorigin server_max_window_bits server_no_context_takeover signed-exchange sliding
    soap+xml sql stale-if-error stale-while-revalidate strict svg+xml t text tiff toml trace true
    ttf type us-ascii utf-16 utf-8 utf8 v vcard version video vnd.api+json vnd.ms-excel
    vnd.openxmlformats-officedocument.presentationml.presentation
    vnd.openxmlformats-officedocument.spreadsheetml.sheet
    vnd.openxmlformats-officedocument.wordprocessingml.document w wait wasm webm webp window
    windows-1252 woff woff2 x-gzip x-icon x-javascript x-ndjson x-protobuf x-tar
    x-www-form-urlencoded x-yaml xhtml+xml xml yaml zip zstd
";

const NAMES: &str = "
    accept accept-charset accept-encoding accept-language accept-patch accept-ranges
    access-control-allow-credentials access-control-allow-headers access-control-allow-methods
    access-control-allow-origin access-control-expose-headers access-control-max-age
    access-control-request-headers access-control-request-method age allow alt-svc authorization
    cache-control cdn-cache-control clear-site-data connection content-disposition
    content-encoding content-language content-length content-location content-range
    content-security-policy content-security-policy-report-only content-type cookie
    cross-origin-embedder-policy cross-origin-opener-policy cross-origin-resource-policy date
    deprecation digest dnt early-data etag expect expires forwarded from host http2-settings
    idempotency-key if-match if-modified-since if-none-match if-range if-unmodified-since
    keep-alive last-event-id last-modified link location max-forwards nel origin
    permissions-policy pragma prefer preference-applied priority proxy-authenticate
    proxy-authorization proxy-connection range ratelimit ratelimit-limit ratelimit-policy
    ratelimit-remaining ratelimit-reset referer referrer-policy refresh report-to
    reporting-endpoints retry-after save-data sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform
    sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-user sec-gpc sec-websocket-accept
    sec-websocket-extensions sec-websocket-key sec-websocket-protocol sec-websocket-version server
    server-timing set-cookie soapaction strict-transport-security sunset te timing-allow-origin
    traceparent tracestate trailer transfer-encoding upgrade upgrade-insecure-requests user-agent
    vary via want-digest warning www-authenticate x-api-key x-content-type-options
    x-correlation-id x-csrf-token x-dns-prefetch-control x-forwarded-for x-forwarded-host
    x-forwarded-port x-forwarded-proto x-frame-options x-http-method-override x-powered-by
    x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset x-real-ip x-request-id
    x-requested-with x-robots-tag x-xsrf-token x-xss-protection
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case() {
        for word in ["JSON", "utf-8", "Max-Age", "X-Requested-With", "*", "GET"] {
            assert!(is_word(word), "{word}");
        }
        for word in ["", "miller", "json2", &"x".repeat(100)] {
            assert!(!is_word(word), "{word}");
        }
    }

    #[test]
    fn every_word_can_be_found() {
        assert!(words().all(is_word));
    }
}
