//! nginx as the origin that answers at once, and as the peer with the same gate and limits.

use anyhow::Result;
use harness::nginx::Nginx;

/// The key of the benchmark's gate. Made up.
pub(crate) const KEY: &str = "benchmark-key-0123456789abcdef012345";

/// Answers every request with a small JSON body.
pub(crate) fn origin() -> Result<Nginx> {
    Nginx::start(
        "",
        r#"location / { default_type application/json; return 200 '{"ok":true,"items":[]}'; }"#,
    )
}

/// Allow-list, key, rate and concurrency limits, tag, and a keep-alive pool to `upstream`.
pub(crate) fn gate(upstream: &str) -> Result<Nginx> {
    let http = format!(
        r#"geo $allowed {{ default 0; 127.0.0.1/32 1; 198.18.0.0/15 1; }}
        map $http_x_load_test_key $key {{ default 0; "{KEY}" 1; }}
        limit_req_zone $binary_remote_addr zone=api:10m rate=1000000r/s;
        limit_conn_zone $binary_remote_addr zone=conn:10m;
        upstream staging {{ server {upstream}; keepalive 100; keepalive_requests 10000; }}"#
    );
    let location = "location /api/loadtest/ {
        if ($allowed = 0) { return 403; }
        if ($key = 0) { return 403; }
        limit_req zone=api burst=100000 nodelay;
        limit_conn conn 10000;
        proxy_http_version 1.1;
        proxy_set_header Connection \"\";
        proxy_set_header Host $host;
        proxy_set_header X-Real-IP $remote_addr;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_set_header X-Forwarded-Port $server_port;
        proxy_set_header X-Request-ID $request_id;
        proxy_set_header X-Load-Test true;
        proxy_set_header X-Load-Test-Key \"\";
        add_header X-Load-Test-Mode active always;
        proxy_pass http://staging/api/v1/; }";
    Nginx::start(&http, location)
}
