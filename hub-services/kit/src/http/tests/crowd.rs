//! Many clients at once, slow and silent ones: limits refuse with an answer, and who watches the hub
//! gets through.

use std::io::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Extension};
use axum::http::Request;
use axum::http::header::CONTENT_ENCODING;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;
use uns_model::SeededRandom;

use super::*;
use crate::Stopper;

/// Long enough for the slowest machine; nothing waits for it where all is well.
const PATIENCE: Duration = Duration::from_secs(60);
const LARGE: usize = 32 << 20;

struct Hub {
    address: SocketAddr,
    router: Router,
    _stopper: Stopper,
}

impl Hub {
    async fn start(config: HttpConfig, serving: ServeConfig) -> Self {
        let mut app = App::new("1");
        let keep = async |Extension(place): Extension<Place>| {
            if place.keep() {
                std::future::pending::<()>().await;
            }
        };
        app.routes(
            Router::new()
                .route("/echo", get(async || "hello").post(async |body: Bytes| body))
                .route("/keep", get(keep))
                .route("/large", get(async || vec![b'x'; LARGE]))
                .route("/slow", post(async || std::future::pending::<()>().await)),
        );
        let page = Router::new()
            .route("/", get(async || "the page"))
            .route("/assets/{*path}", get(async || "a part of it"));
        app.entrance(page);
        app.metrics(Arc::new(serving.places.clone()));
        let hosts = Hosts::new(&[]).unwrap();
        let guard = Guard::new(hosts, Arc::new(Anonymous::allowed()), Arc::new(NoAccounts));
        let random = Arc::new(SeededRandom::new(7));
        let router = app.router(&config, Parts { guard, random });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stopper, stop) = Stop::pair();
        tokio::spawn(serve(listener, router.clone(), serving, stop));
        Self { address, router, _stopper: stopper }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends a request and leaves the answer alone.
    async fn ask(&self, line: &str) -> TcpStream {
        let mut socket = self.connect().await;
        let request = format!("{line} HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        socket.write_all(request.as_bytes()).await.unwrap();
        socket
    }

    /// The head of the answer to a GET on a connection of its own.
    async fn get(&self, path: &str) -> String {
        head(&mut self.ask(&format!("GET {path}")).await).await
    }

    async fn figure(&self, name: &str) -> u64 {
        let scraped =
            text(self.router.clone().oneshot(request("GET /metrics")).await.unwrap()).await;
        let line = scraped.lines().find(|line| line.starts_with(name)).expect("it is counted");
        line.rsplit(' ').next().unwrap().parse().unwrap()
    }

    async fn until(&self, name: &str, is: impl Fn(u64) -> bool) {
        let reached = async {
            while !is(self.figure(name).await) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.expect(name);
    }
}

async fn head(socket: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let read = async {
        let mut piece = [0; 1024];
        while !answer.windows(4).any(|end| end == b"\r\n\r\n") {
            match socket.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(read) => answer.extend_from_slice(&piece[..read]),
            }
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("an answer, not silence");
    String::from_utf8_lossy(&answer).into_owned()
}

fn places(connections: usize) -> ServeConfig {
    let header_timeout = Duration::from_secs(3600);
    let (places, entrance) = (Places::new(connections), &["/", "/assets/"]);
    ServeConfig { places, entrance, header_timeout, ..ServeConfig::default() }
}

#[tokio::test]
async fn connections_that_say_nothing_give_way() {
    let hub = Hub::start(HttpConfig::default(), places(8)).await;
    let mut silent = Vec::new();
    for n in 0..8 {
        silent.push(match n % 2 {
            0 => hub.connect().await,
            _ => hub.ask("GET /echo").await,
        });
    }
    for socket in silent.iter_mut().skip(1).step_by(2) {
        head(socket).await;
    }
    for _ in 0..20 {
        // One that came when nobody had left yet is told to come again.
        let answered = async { while !hub.get("/echo").await.starts_with("HTTP/1.1 200") {} };
        tokio::time::timeout(PATIENCE, answered).await.unwrap();
    }
    assert!(hub.figure("uns_http_gave_way_total").await > 0);
}

#[tokio::test]
async fn where_all_places_are_busy_health_metrics_and_log_in_answer_and_others_are_refused() {
    let hub = Hub::start(HttpConfig::default(), places(8)).await;
    let mut busy = Vec::new();
    for _ in 0..6 {
        busy.push(hub.ask("GET /keep").await);
    }
    hub.until("uns_http_requests_active", |active| active == 6).await;
    // A quarter is not for those that stay.
    assert!(hub.get("/keep").await.starts_with("HTTP/1.1 200"));
    for _ in 0..2 {
        let slow = "POST /slow HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 0";
        let mut socket = hub.connect().await;
        let request = format!("{slow}\r\nHost: {}\r\n\r\n", hub.address);
        socket.write_all(request.as_bytes()).await.unwrap();
        busy.push(socket);
    }
    hub.until("uns_http_requests_active", |active| active == 8).await;
    for _ in 0..100 {
        for path in ["/healthz", "/readyz", "/metrics", "/", "/assets/page.js"] {
            let answer = hub.get(path).await;
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        }
        let refused = hub.get("/echo").await;
        assert!(refused.starts_with("HTTP/1.1 503"), "{refused}");
        let lower = refused.to_ascii_lowercase();
        assert!(lower.contains("retry-after: 1") && lower.contains("connection: close"));
    }
}

#[tokio::test]
async fn one_caller_leaves_requests_to_others() {
    let config = HttpConfig { requests_max: 4, ..HttpConfig::default() };
    let hub = Hub::start(config, ServeConfig::default()).await;
    let from = |host: u8, line: &str| {
        let mut request = super::request(line);
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, host], 1))));
        hub.router.clone().oneshot(request)
    };
    let slow: Vec<_> = (0..2)
        .map(|_| tokio::spawn(from(1, "POST /slow\ncontent-type: application/json")))
        .collect();
    hub.until("uns_http_requests_active", |active| active == 2).await;
    assert_eq!(from(1, "GET /echo").await.unwrap().status(), 503);
    assert_eq!(from(2, "GET /echo").await.unwrap().status(), 200);
    assert_eq!(from(1, "GET /readyz").await.unwrap().status(), 200);
    assert_eq!(from(1, "GET /").await.unwrap().status(), 200, "who wants to log in");
    slow.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test]
async fn bodies_that_trickle_in_take_the_room_they_have() {
    let hub = Hub::start(HttpConfig::default(), ServeConfig::default()).await;
    let mut slow = Vec::new();
    for _ in 0..64 {
        let mut socket = hub.connect().await;
        let head = "POST /echo HTTP/1.1\r\nContent-Type: application/json\r\n\
                    Transfer-Encoding: chunked\r\n";
        let request = format!("{head}Host: {}\r\n\r\n3\r\nabc\r\n", hub.address);
        socket.write_all(request.as_bytes()).await.unwrap();
        slow.push(socket);
    }
    hub.until("uns_http_bodies_bytes", |bytes| bytes == 64 * 3).await;
    let body = "x".repeat(1 << 20);
    let answer = hub
        .router
        .clone()
        .oneshot(request(&format!("POST /echo\ncontent-type: application/json\n\n{body}")))
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_body_there_is_no_room_for_is_refused() {
    let config = HttpConfig { bodies_bytes_max: 1 << 20, ..HttpConfig::default() };
    let hub = Hub::start(config, ServeConfig::default()).await;
    let body = "x".repeat(2 << 20);
    let answer = hub
        .router
        .clone()
        .oneshot(request(&format!("POST /echo\ncontent-type: application/json\n\n{body}")))
        .await
        .unwrap();
    assert_eq!(answer.status(), 503);
    assert_eq!(hub.figure("uns_http_bodies_bytes").await, 0);
}

#[tokio::test]
async fn answers_nobody_reads_hold_room_until_their_connection_ends() {
    let config = HttpConfig { bodies_bytes_max: 4 * LARGE, ..HttpConfig::default() };
    let answer_timeout = Duration::from_millis(500);
    let hub = Hub::start(config, ServeConfig { answer_timeout, ..places(64) }).await;
    let stalled = [hub.ask("GET /large").await, hub.ask("GET /large").await];
    hub.until("uns_http_bodies_bytes", |bytes| bytes >= LARGE as u64).await;
    // A caller has half of the room: who asks for more is refused, not served past it.
    let mut refused = 0;
    for _ in 0..4 {
        refused += usize::from(hub.get("/large").await.starts_with("HTTP/1.1 503"));
    }
    assert!(hub.figure("uns_http_bodies_bytes").await <= 2 * LARGE as u64);
    hub.until("uns_http_bodies_bytes", |bytes| bytes == 0).await;
    eprintln!("{refused} of 4 refused meanwhile");
    drop(stalled);
}

#[tokio::test]
async fn packed_bodies_are_unpacked_and_bombs_are_refused() {
    let hub = Hub::start(HttpConfig::default(), ServeConfig::default()).await;
    let send = async |body: Vec<u8>, coding: &'static str| {
        let request = Request::post("http://localhost/echo")
            .header("host", "localhost")
            .header("content-type", "application/json")
            .header(CONTENT_ENCODING, coding);
        let request = request.body(Body::from(body)).unwrap();
        let answer = hub.router.clone().oneshot(request).await.unwrap();
        (answer.status().as_u16(), text(answer).await)
    };
    let gzip = |body: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(body).unwrap();
        packed.finish().unwrap()
    };
    assert_eq!(send(gzip(b"[1]"), "gzip").await, (200, "[1]".into()));
    assert_eq!(send(zstd::encode_all(&b"[2]"[..], 1).unwrap(), "zstd").await, (200, "[2]".into()));
    let (status, said) = send(gzip(&vec![b' '; 9 << 20]), "gzip").await;
    assert!(status == 413 && said.contains("body_too_large"), "{status} {said}");
    let (status, said) = send(b"[3]".to_vec(), "br").await;
    assert!(status == 415 && said.contains("content_encoding"), "{status} {said}");
    assert_eq!(hub.figure("uns_http_bodies_bytes").await, 0);
}
