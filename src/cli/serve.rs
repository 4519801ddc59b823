//! `pushpull serve --redis 127.0.0.1:6379`: sockets and a real clock in front of the engine that
//! the page runs, so that redis-cli, client libraries and Redis's own test suites can talk to it.
//!
//! Knows sockets, bytes and the clock. Must not know commands: it parses requests, hands them
//! to the engine, and sends what the engine says. One thread, as in Redis.

use crate::event::ConnectionId;
use crate::redis::resp::{Parser, read_frame, split_words};
use crate::redis::{Config, Output, Server};
use crate::sim::Instant;
use clap::Args;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How much is read from a socket at a time (`PROTO_IOBUF_LEN`).
const CHUNK: usize = 16 * 1024;
/// Bytes that the engine may hand over before the socket has taken them.
const SOCKET_BUFFER: u64 = 64 * 1024;
/// Bytes of requests that may wait for a client that is blocked.
const MAX_WAITING: usize = 1 << 20;

/// Options of `pushpull serve`.
#[derive(Args, Debug)]
pub(super) struct Serve {
    /// Where to listen for Redis clients.
    #[arg(long, value_name = "ADDRESS")]
    redis: Option<SocketAddr>,
    /// A redis.conf; directives that are not modelled are passed over.
    #[arg(long, value_name = "FILE")]
    redis_conf: Option<PathBuf>,
}

impl Serve {
    /// Serves until the process is ended.
    pub(super) fn run(self) -> ExitCode {
        match self.serve() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("{error}");
                ExitCode::FAILURE
            }
        }
    }

    fn serve(self) -> Result<(), String> {
        let mut config = Config { socket_buffer: SOCKET_BUFFER, ..Config::default() };
        let mut address = SocketAddr::from((Ipv4Addr::LOCALHOST, 6_379));
        if let Some(file) = &self.redis_conf {
            let text = std::fs::read_to_string(file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            read_conf(&text, &mut config, &mut address);
        }
        let address = self.redis.unwrap_or(address);
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        config.epoch_ms = since_epoch.as_millis() as u64;
        config.address = address.to_string();
        // The port may have been chosen on the command line.
        config.set("port", &address.port().to_string())?;
        println!(" PID: {}", std::process::id());
        let mut listener = TcpListener::bind(address).map_err(|error| {
            format!("Could not create server TCP listening socket {address}: bind: {error}")
        })?;
        println!("* Ready to accept connections");
        Front::new(config, since_epoch.as_nanos() as u64)
            .and_then(|mut front| front.run(&mut listener))
            .map_err(|error| error.to_string())
    }
}

/// Takes over the directives that the engine knows.
fn read_conf(text: &str, config: &mut Config, address: &mut SocketAddr) {
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('#') {
            continue;
        }
        let Some(words) = split_words(line.as_bytes()) else { continue };
        let words: Vec<String> =
            words.iter().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let Some((name, values)) = words.split_first() else { continue };
        let value = values.join(" ");
        match name.to_ascii_lowercase().as_str() {
            "port" => {
                if let Ok(port) = value.parse() {
                    address.set_port(port);
                }
            }
            "bind" => {
                let first = values.iter().find_map(|word| word.parse::<IpAddr>().ok());
                address.set_ip(first.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)));
            }
            // What is not modelled is passed over, as the suites' files hold much of it.
            name => {
                let _ = config.set(name, &value);
            }
        }
    }
}

/// What a socket is for.
enum Role {
    /// A client of this server.
    Client,
    /// The primary; its bytes are collected here until they are frames.
    Primary { bytes: Vec<u8>, up: bool },
}

/// One socket.
struct Peer {
    role: Role,
    stream: TcpStream,
    parser: Parser,
    out: Vec<u8>,
    /// How much of `out` the socket took.
    sent: usize,
    /// Bytes that the engine counts as written and not taken by the peer yet.
    owed: u64,
    /// The engine has let go of this client; what is in `out` still leaves.
    closing: bool,
}

impl Peer {
    fn pending(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Sends what the socket takes; false when the connection is gone.
    fn flush(&mut self) -> bool {
        while self.pending() > 0 {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(0) => return false,
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return false,
            }
        }
        if self.pending() == 0 {
            self.out.clear();
            self.sent = 0;
        }
        true
    }
}

struct Front {
    server: Server,
    poll: Poll,
    peers: BTreeMap<ConnectionId, Peer>,
    /// Sockets that may have more to read, in the order in which the kernel named them.
    readable: Vec<ConnectionId>,
    next: u32,
    /// When a connection to the primary was last tried.
    dialled: Option<std::time::Instant>,
    started: std::time::Instant,
    max_bulk: u64,
}

const LISTENER: Token = Token(0);

impl Front {
    fn new(config: Config, seed: u64) -> io::Result<Self> {
        let max_bulk = config.proto_max_bulk_len;
        let mut server = Server::new(config, seed);
        server.set_process_id(std::process::id());
        Ok(Self {
            server,
            poll: Poll::new()?,
            peers: BTreeMap::new(),
            readable: Vec::new(),
            next: 1,
            dialled: None,
            started: std::time::Instant::now(),
            max_bulk,
        })
    }

    fn now(&self) -> Instant {
        Instant(self.started.elapsed().as_nanos() as u64)
    }

    fn run(&mut self, listener: &mut TcpListener) -> io::Result<()> {
        self.poll.registry().register(listener, LISTENER, Interest::READABLE)?;
        let mut events = Events::with_capacity(1_024);
        loop {
            let wait = self.patience();
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept(listener);
                    continue;
                }
                let client = ConnectionId(event.token().0 as u32);
                if event.is_writable() {
                    self.greet(client);
                    self.flush(client);
                }
                if event.is_readable() || event.is_read_closed() || event.is_error() {
                    self.want_read(client);
                }
            }
            for client in std::mem::take(&mut self.readable) {
                self.read(client);
            }
            self.dial();
            self.tick();
        }
    }

    /// Connects to the primary that the engine wants, once a second.
    fn dial(&mut self) {
        let Some((host, port)) = self.server.wanted_primary() else { return };
        let linking = self.peers.values().any(|peer| matches!(peer.role, Role::Primary { .. }));
        let recent = self.dialled.is_some_and(|at| at.elapsed() < Duration::from_secs(1));
        if linking || recent {
            return;
        }
        let Ok(ip) = host.replace("localhost", "127.0.0.1").parse::<IpAddr>() else { return };
        let address = SocketAddr::from((ip, port));
        self.dialled = Some(std::time::Instant::now());
        let Ok(stream) = TcpStream::connect(address) else { return };
        self.admit(Role::Primary { bytes: Vec::new(), up: false }, stream);
    }

    /// Takes a socket in; none where it cannot be watched.
    fn admit(&mut self, role: Role, mut stream: TcpStream) -> Option<ConnectionId> {
        let client = ConnectionId(self.next);
        self.next = self.next.wrapping_add(1).max(1);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, Token(client.0 as usize), interest).ok()?;
        let parser = Parser::new(self.max_bulk);
        let peer = Peer { role, stream, parser, out: Vec::new(), sent: 0, owed: 0, closing: false };
        self.peers.insert(client, peer);
        Some(client)
    }

    /// The connection to the primary stands now.
    fn greet(&mut self, client: ConnectionId) {
        let now = self.now();
        let Some(peer) = self.peers.get_mut(&client) else { return };
        let Role::Primary { up, .. } = &mut peer.role else { return };
        if *up || peer.stream.peer_addr().is_err() {
            return;
        }
        *up = true;
        let mut out = Vec::new();
        self.server.link_up(now, client, &mut out);
        self.carry_out(&mut out);
    }

    /// Hands complete frames of the primary to the engine.
    fn take_frames(&mut self, client: ConnectionId) {
        let mut out = Vec::new();
        loop {
            let now = self.now();
            let Some(peer) = self.peers.get_mut(&client) else { break };
            let Role::Primary { bytes, .. } = &mut peer.role else { break };
            match read_frame(bytes) {
                Ok(Some((frame, used))) => {
                    bytes.drain(..used);
                    self.server.link_frame(now, frame, &mut out);
                    self.carry_out(&mut out);
                }
                Ok(None) => break,
                Err(_) => return self.gone(client),
            }
        }
    }

    /// How long nothing can happen but by a socket.
    fn patience(&self) -> Option<Duration> {
        if self.readable.iter().any(|client| !self.is_full(*client)) {
            return Some(Duration::ZERO);
        }
        if self.server.wanted_primary().is_some() {
            return Some(Duration::from_millis(100));
        }
        let next = self.server.next_tick()?;
        // One more, so that the poll's milliseconds do not end before the instant.
        let nanos = next.since(self.now()).as_nanos();
        Some(if nanos == 0 { Duration::ZERO } else { Duration::from_nanos(nanos + 1_000_000) })
    }

    fn tick(&mut self) {
        let now = self.now();
        let mut out = Vec::new();
        while self.server.next_tick().is_some_and(|at| at <= now) {
            self.server.tick(now, &mut out);
            self.carry_out(&mut out);
        }
    }

    fn accept(&mut self, listener: &mut TcpListener) {
        // Any error ends this round; out of descriptors means that others must leave first.
        while let Ok((stream, address)) = listener.accept() {
            // Small replies must not wait for each other.
            let _ = stream.set_nodelay(true);
            let Some(client) = self.admit(Role::Client, stream) else { continue };
            let now = self.now();
            let mut out = Vec::new();
            self.server.connect(now, client, &mut out);
            self.server.set_address(client, address.to_string());
            self.carry_out(&mut out);
        }
    }

    /// Whether so much waits for a blocked client that its socket is left alone.
    fn is_full(&self, client: ConnectionId) -> bool {
        self.server.waiting_bytes(client) > MAX_WAITING
    }

    fn want_read(&mut self, client: ConnectionId) {
        if !self.readable.contains(&client) {
            self.readable.push(client);
        }
    }

    /// One read, then all complete requests in it.
    fn read(&mut self, client: ConnectionId) {
        if self.is_full(client) {
            self.want_read(client);
            return;
        }
        let Some(peer) = self.peers.get_mut(&client) else { return };
        let mut chunk = [0; CHUNK];
        match peer.stream.read(&mut chunk) {
            Ok(0) => return self.gone(client),
            Ok(bytes) => {
                match &mut peer.role {
                    Role::Primary { bytes: collected, .. } => {
                        collected.extend_from_slice(&chunk[..bytes]);
                    }
                    Role::Client if peer.closing => {}
                    Role::Client => peer.parser.feed(&chunk[..bytes]),
                }
                // A short read has emptied the socket: the kernel will tell of more.
                if bytes == CHUNK {
                    self.want_read(client);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                self.want_read(client);
                return;
            }
            Err(_) => return self.gone(client),
        }
        self.take_frames(client);
        let mut out = Vec::new();
        loop {
            let now = self.now();
            let Some(peer) = self.peers.get_mut(&client).filter(|peer| !peer.closing) else {
                break;
            };
            match peer.parser.next_request() {
                Ok(Some(request)) => self.server.handle(now, client, request, &mut out),
                Ok(None) => break,
                Err(error) => {
                    self.server.protocol_error(now, client, &error, &mut out);
                    self.carry_out(&mut out);
                    break;
                }
            }
            self.carry_out(&mut out);
        }
        let limit = self.server.config().query_buffer_limit();
        if self.peers.get(&client).is_some_and(|peer| peer.parser.buffered() as u64 > limit) {
            self.gone(client);
        }
    }

    fn carry_out(&mut self, out: &mut Vec<Output>) {
        for output in out.drain(..) {
            match output {
                Output::Write { client, frames, bytes } => {
                    if let Some(peer) = self.peers.get_mut(&client) {
                        peer.owed += bytes;
                        for frame in &frames {
                            frame.encode(&mut peer.out);
                        }
                    }
                    self.flush(client);
                }
                Output::Close { client } => {
                    if let Some(peer) = self.peers.get_mut(&client) {
                        peer.closing = true;
                    }
                    self.flush(client);
                }
                Output::Fact(_) => {}
            }
        }
    }

    /// Sends, gives the engine its credit back, and lets go of what is finished.
    fn flush(&mut self, client: ConnectionId) {
        let now = self.now();
        let Some(peer) = self.peers.get_mut(&client) else { return };
        if !peer.flush() {
            return self.gone(client);
        }
        if peer.closing {
            if peer.pending() == 0 {
                self.drop_peer(client);
            }
            return;
        }
        // A frame that the engine has not finished is not in `out` yet: it counts as taken.
        let taken = peer.owed - peer.owed.min(peer.pending() as u64);
        if taken > 0 {
            peer.owed -= taken;
            let mut out = Vec::new();
            self.server.acknowledged(now, client, taken, &mut out);
            self.carry_out(&mut out);
        }
    }

    fn gone(&mut self, client: ConnectionId) {
        let now = self.now();
        let mut out = Vec::new();
        let primary =
            self.peers.get(&client).is_some_and(|peer| matches!(peer.role, Role::Primary { .. }));
        self.drop_peer(client);
        if primary {
            self.server.link_down(now, &mut out);
        } else {
            self.server.disconnect(now, client, &mut out);
        }
        self.carry_out(&mut out);
    }

    fn drop_peer(&mut self, client: ConnectionId) {
        self.readable.retain(|other| *other != client);
        if let Some(mut peer) = self.peers.remove(&client) {
            // A socket that cannot be deregistered is closed all the same.
            let _ = self.poll.registry().deregister(&mut peer.stream);
        }
    }
}
