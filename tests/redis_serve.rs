//! `pushpull serve --redis`: real sockets, and redis-py as a client.
#![allow(clippy::unwrap_used, reason = "a broken socket fails the test")]

mod skipped;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

struct Front {
    process: Child,
    port: u16,
}

impl Drop for Front {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Front {
    fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut process = Command::new(env!("CARGO_BIN_EXE_pushpull"))
            .args(["serve", "--redis", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = lines.any(|line| line.unwrap().contains("Ready to accept connections"));
        assert!(ready);
        Self { process, port }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        socket
    }
}

fn ask(socket: &mut TcpStream, request: &[u8], reply: &[u8]) {
    socket.write_all(request).unwrap();
    let mut received = vec![0; reply.len()];
    socket.read_exact(&mut received).unwrap();
    assert_eq!(String::from_utf8_lossy(&received), String::from_utf8_lossy(reply));
}

#[test]
fn a_client_that_shuts_down_its_end_is_let_go() {
    let front = Front::start();
    let mut socket = front.connect();
    ask(&mut socket, b"SUBSCRIBE news\r\n", b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    socket.shutdown(Shutdown::Write).unwrap();
    assert_eq!(socket.read(&mut [0; 16]).unwrap(), 0);
    let mut other = front.connect();
    ask(&mut other, b"PUBLISH news x\r\n", b":0\r\n");
}

#[test]
fn a_subscriber_that_does_not_read_is_closed_at_its_limit() {
    let front = Front::start();
    let mut other = front.connect();
    ask(&mut other, b"CONFIG SET client-output-buffer-limit \"pubsub 1mb 0 0\"\r\n", b"+OK\r\n");
    let mut slow = front.connect();
    ask(&mut slow, b"SUBSCRIBE news\r\n", b"*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    let message = vec![b'x'; 500_000];
    let mut request = b"*3\r\n$7\r\nPUBLISH\r\n$4\r\nnews\r\n$500000\r\n".to_vec();
    request.extend_from_slice(&message);
    request.extend_from_slice(b"\r\n");
    // Kernel buffers take some megabytes before the limit is reached.
    let mut receivers = vec![0; 4];
    for _ in 0..100 {
        other.write_all(&request).unwrap();
        other.read_exact(&mut receivers).unwrap();
        if receivers == b":0\r\n" {
            break;
        }
    }
    assert_eq!(receivers, b":0\r\n");
    // What the kernel had taken is still there; then the connection ends.
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).unwrap();
    assert!(rest.starts_with(b"*3\r\n$7\r\nmessage"));
}

#[test]
fn a_flood_of_requests_without_reading_does_not_stop_others() {
    let front = Front::start();
    let mut flood = front.connect();
    flood.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let pings = b"PING\r\n".repeat(10_000);
    for _ in 0..20 {
        if flood.write_all(&pings).is_err() {
            break;
        }
    }
    let mut other = front.connect();
    ask(&mut other, b"*2\r\n$4\r\nECHO\r\n$2\r\nhi\r\n", b"$2\r\nhi\r\n");
}

#[test]
fn redis_py_finds_what_it_expects() {
    let knows_redis = |python: &&str| {
        let asked =
            Command::new(python).args(["-c", "import redis"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    let Some(python) = ["python3", "/usr/bin/python3"].into_iter().find(knows_redis) else {
        return skipped::say("no Python here has redis-py (Debian: python3-redis)");
    };
    let front = Front::start();
    let driver = format!("{}/tests/redis/driver.py", env!("CARGO_MANIFEST_DIR"));
    let output = Command::new(python).args([&driver, &front.port.to_string()]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}{complaint}");
}
