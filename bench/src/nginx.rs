//! nginx as the origin that answers at once, and as the peer with the same gate and limits.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::process::{Running, free_port, wait_for_port};

/// The key of the benchmark's gate. Made up.
pub(crate) const KEY: &str = "benchmark-key-0123456789abcdef012345";

/// A running nginx and its port.
pub(crate) struct Nginx {
    pub(crate) process: Running,
    pub(crate) port: u16,
}

impl Nginx {
    /// Answers every request with a small JSON body.
    pub(crate) fn origin(folder: &Path) -> Result<Self> {
        Self::start(folder, "origin", |port| {
            format!(
                r#"server {{ listen 127.0.0.1:{port};
                    location / {{ default_type application/json; return 200 '{{"ok":true,"items":[]}}'; }} }}"#
            )
        })
    }

    /// Allow-list, key, rate and concurrency limits, tag, and a keep-alive pool to `upstream`.
    pub(crate) fn gate(folder: &Path, upstream: u16) -> Result<Self> {
        Self::start(folder, "gate", |port| {
            format!(
                r#"geo $allowed {{ default 0; 127.0.0.1/32 1; 198.18.0.0/15 1; }}
                map $http_x_load_test_key $key {{ default 0; "{KEY}" 1; }}
                limit_req_zone $binary_remote_addr zone=api:10m rate=1000000r/s;
                limit_conn_zone $binary_remote_addr zone=conn:10m;
                upstream staging {{ server 127.0.0.1:{upstream}; keepalive 100; keepalive_requests 10000; }}
                server {{ listen 127.0.0.1:{port};
                    location /api/loadtest/ {{
                        if ($allowed = 0) {{ return 403; }}
                        if ($key = 0) {{ return 403; }}
                        limit_req zone=api burst=100000 nodelay;
                        limit_conn conn 10000;
                        proxy_http_version 1.1;
                        proxy_set_header Connection "";
                        proxy_set_header Host $host;
                        proxy_set_header X-Real-IP $remote_addr;
                        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                        proxy_set_header X-Forwarded-Proto $scheme;
                        proxy_set_header X-Forwarded-Port $server_port;
                        proxy_set_header X-Request-ID $request_id;
                        proxy_set_header X-Load-Test true;
                        proxy_set_header X-Load-Test-Key "";
                        add_header X-Load-Test-Mode active always;
                        proxy_pass http://staging/api/v1/; }} }}"#
            )
        })
    }

    fn start(folder: &Path, name: &str, servers: impl Fn(u16) -> String) -> Result<Self> {
        let port = free_port()?;
        let conf = folder.join(format!("{name}.conf"));
        let scratch = folder.join(name);
        fs::create_dir_all(&scratch)?;
        let dir = scratch.display();
        let http = servers(port);
        fs::write(
            &conf,
            format!(
                "daemon off; worker_processes 1; pid {dir}/pid; error_log {dir}/error.log;
                events {{ worker_connections 4096; }}
                http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 65s;
                client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
                fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi;
                scgi_temp_path {dir}/scgi; {http} }}"
            ),
        )?;
        let process = Running::start(
            Command::new("nginx")
                .arg("-c")
                .arg(&conf)
                .arg("-p")
                .arg(&scratch),
        )?;
        wait_for_port(port)?;
        Ok(Self { process, port })
    }
}
