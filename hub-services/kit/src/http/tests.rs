//! The composed router: every refusal, limit and header, and one real socket.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use axum::routing::post;
use expect_test::{Expect, expect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tower::ServiceExt as _;
use uns_model::SeededRandom;

mod crowd;

use std::time::Duration;

use super::*;
use crate::health::Fault;
use crate::metrics::Exposition;
use crate::{Caller, Stop};

#[derive(Default)]
struct Sick(AtomicBool);

impl HealthCheck for Sick {
    fn name(&self) -> &'static str {
        "log"
    }

    fn faults(&self) -> Vec<Fault> {
        let fault = Fault { reason: "log_damaged", detail: "Sequences 5 to 9.".into() };
        if self.0.load(Ordering::SeqCst) { vec![fault] } else { Vec::new() }
    }
}

struct One;

impl MetricSource for One {
    fn write(&self, out: &mut Exposition) {
        out.counter("uns_one_total", "One.").sample(&[], 1);
    }
}

fn router(sick: Arc<Sick>, anonymous: Arc<Anonymous>) -> Router {
    let mut app = App::new("1.2.3");
    app.routes(
        Router::new()
            .route("/api/v1/echo", get(async || "hello").post(async |body: Bytes| body))
            .route(
                "/api/v1/panic",
                post(async || -> &'static str { unreachable!("with a secret") }),
            )
            .route("/api/v1/slow", get(async || std::future::pending::<()>().await)),
    );
    app.health(sick);
    app.metrics(Arc::new(One));
    let config = HttpConfig {
        body_bytes_max: 64,
        bodies_bytes_max: 256 * 1024,
        request_timeout: Duration::from_secs(2),
        requests_max: 4,
    };
    let hosts = Hosts::new(&[]).unwrap();
    let guard = Guard::new(hosts, anonymous, Arc::new(NoAccounts));
    app.router(&config, Parts { guard, random: Arc::new(SeededRandom::new(1)) })
}

fn plain() -> Router {
    router(Arc::default(), Arc::new(Anonymous::allowed()))
}

/// `GET /path` or `POST /path` followed by `name: value` lines and, after an empty line, a body.
fn request(text: &str) -> Request<Body> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines().map(str::trim);
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let mut request = Request::builder().method(method).uri(path);
    if !head.contains("host:") {
        request = request.header("host", "127.0.0.1:8080");
    }
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(Body::from(body.to_owned())).unwrap()
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

async fn check(sent: &str, expected: Expect) {
    let response = plain().oneshot(request(sent)).await.unwrap();
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").map(|v| v.to_str().unwrap().to_owned());
    let body = text(response).await;
    expected.assert_eq(&format!("{status} {}\n{body}", kind.unwrap_or_default()));
}

async fn reason(router: Router, request: Request<Body>) -> String {
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let body = text(response).await;
    let problem: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
    format!("{status} {}", problem["reason"].as_str().unwrap_or("-"))
}

#[tokio::test]
async fn errors_of_every_layer_are_problems() {
    let nowhere = expect![[r#"
        404 application/problem+json
        {"type":"urn:uns:problem:route_unknown","title":"route unknown","status":404,"detail":"There is nothing at `/nowhere`. /api/v1/openapi.json lists every call.","reason":"route_unknown","requestId":"910a2dec89025cc1"}"#]];
    check("GET /nowhere", nowhere).await;
    check("DELETE /api/v1/echo", expect![[r#"
        405 application/problem+json
        {"type":"urn:uns:problem:method_not_allowed","title":"method not allowed","status":405,"detail":"The path exists, the method does not; `Allow` lists what does.","reason":"method_not_allowed","requestId":"910a2dec89025cc1"}"#]]).await;
    let big = format!("POST /api/v1/echo\ncontent-type: application/json\n\n{}", "x".repeat(65));
    check(&big, expect![[r#"
        413 application/problem+json
        {"type":"urn:uns:problem:body_too_large","title":"body too large","status":413,"detail":"The request body is larger than `http.body_bytes_max`. Send it in parts.","reason":"body_too_large","requestId":"910a2dec89025cc1"}"#]]).await;
    check("POST /api/v1/panic\ncontent-type: application/json\n\n{}", expect![[r#"
        500 application/problem+json
        {"type":"urn:uns:problem:internal","title":"internal","status":500,"detail":"The hub failed while answering; its log has the cause.","reason":"internal","requestId":"910a2dec89025cc1"}"#]]).await;
    check("GET /api/v1/slow", expect![[r#"
        504 application/problem+json
        {"type":"urn:uns:problem:timeout","title":"timeout","status":504,"detail":"The request took longer than 2 s and was given up. Ask for less at a time. Whether a change was made is unknown.","reason":"timeout","requestId":"910a2dec89025cc1"}"#]]).await;
    check("POST /api/v1/echo\n\n1", expect![[r#"
        415 application/problem+json
        {"type":"urn:uns:problem:content_type","title":"content type","status":415,"detail":"Send the body as JSON with the header `Content-Type: application/json`.","reason":"content_type","requestId":"910a2dec89025cc1"}"#]]).await;
}

#[tokio::test]
async fn a_page_of_another_origin_cannot_act() {
    let json = "content-type: application/json";
    for (sent, expected) in [
        (format!("POST /api/v1/echo\n{json}\n\n1"), "200 -"),
        (
            format!("POST /api/v1/echo\n{json}; charset=utf-8\norigin: http://127.0.0.1:8080\n\n1"),
            "200 -",
        ),
        (
            format!("POST /api/v1/echo\n{json}\norigin: http://127.0.0.1:3000\n\n1"),
            "403 origin_not_allowed",
        ),
        (format!("POST /api/v1/echo\n{json}\norigin: null\n\n1"), "403 origin_not_allowed"),
        (
            format!("POST /api/v1/echo\n{json}\nsec-fetch-site: cross-site\n\n1"),
            "403 origin_not_allowed",
        ),
        (
            format!("POST /api/v1/echo\n{json}\nsec-fetch-site: same-site\n\n1"),
            "403 origin_not_allowed",
        ),
        ("POST /api/v1/echo\ncontent-type: text/plain\n\n1".into(), "415 content_type"),
        (
            "POST /api/v1/echo\ncontent-type: application/x-www-form-urlencoded\n\n1".into(),
            "415 content_type",
        ),
        (
            "GET /api/v1/echo\nupgrade: websocket\norigin: http://evil.example".into(),
            "403 origin_not_allowed",
        ),
        ("GET /api/v1/echo\nhost: evil.example:8080".into(), "403 host_not_allowed"),
        ("GET http://evil.example/api/v1/echo\nhost: localhost".into(), "403 host_not_allowed"),
        ("GET /api/v1/echo\nhost: localhost\nhost: localhost".into(), "400 host_missing"),
        ("GET /api/v1/echo\nhost: localhost".into(), "200 -"),
    ] {
        assert_eq!(reason(plain(), request(&sent)).await, expected, "{sent}");
    }
}

#[tokio::test]
async fn anonymous_access_is_local_and_ends_behind_a_proxy() {
    let from = |peer: &str| {
        let mut request = request("GET /api/v1/echo");
        request.extensions_mut().insert(ConnectInfo(peer.parse::<SocketAddr>().unwrap()));
        request
    };
    let router = plain();
    assert_eq!(reason(router.clone(), from("127.0.0.1:5")).await, "200 -");
    assert_eq!(reason(router.clone(), from("[::ffff:127.0.0.1]:5")).await, "200 -");
    assert_eq!(reason(router.clone(), from("192.0.2.7:5")).await, "403 anonymous_not_local");
    let forwarded = request("GET /api/v1/echo\nx-forwarded-for: 192.0.2.7");
    assert_eq!(reason(router.clone(), forwarded).await, "403 anonymous_ended");
    assert_eq!(reason(router.clone(), from("127.0.0.1:5")).await, "403 anonymous_ended");
    let health = router.oneshot(request("GET /healthz")).await.unwrap();
    assert_eq!(health.status(), StatusCode::OK);
}

#[tokio::test]
async fn readiness_names_what_is_wrong() {
    let sick = Arc::new(Sick::default());
    let router = router(sick.clone(), Arc::new(Anonymous::allowed()));
    let response = router.clone().oneshot(request("GET /readyz")).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(text(response).await, r#"{"status":"ready","faults":[],"notices":[]}"#);
    sick.0.store(true, Ordering::SeqCst);
    let response = router.oneshot(request("GET /readyz")).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    expect![[r#"{"status":"degraded","faults":[{"check":"log","reason":"log_damaged","detail":"Sequences 5 to 9."}],"notices":[]}"#]]
        .assert_eq(&text(response).await);
}

#[tokio::test]
async fn metrics_count_answers_and_the_document_has_every_part() {
    let router = plain();
    router.clone().oneshot(request("GET /api/v1/echo")).await.unwrap();
    router.clone().oneshot(request("BREW /api/v1/echo")).await.unwrap();
    let scraped = text(router.clone().oneshot(request("GET /metrics")).await.unwrap()).await;
    for line in [
        "uns_one_total 1",
        "uns_http_requests_total{method=\"GET\",status=\"200\"} 1",
        "uns_http_requests_total{method=\"other\",status=\"405\"} 1",
        "uns_http_requests_active 0",
    ] {
        assert!(scraped.lines().any(|found| found == line), "{line} in\n{scraped}");
    }
    let document = text(router.oneshot(request("GET /api/v1/openapi.json")).await.unwrap()).await;
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["info"]["version"], "1.2.3");
    for path in ["/readyz", "/healthz", "/metrics", "/api/v1/openapi.json"] {
        assert!(document["paths"][path]["get"].is_object(), "{path}");
    }
    assert!(document["components"]["schemas"]["Problem"].is_object());
}

#[tokio::test]
async fn a_full_hub_says_so_at_once() {
    let router = plain();
    let slow = || tokio::spawn(router.clone().oneshot(request("GET /api/v1/slow")));
    let (first, second) = (slow(), slow());
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(reason(router.clone(), request("GET /api/v1/echo")).await, "503 overloaded");
    for slow in [first, second] {
        assert_eq!(slow.await.unwrap().unwrap().status(), StatusCode::GATEWAY_TIMEOUT);
    }
    assert_eq!(reason(router, request("GET /api/v1/echo")).await, "200 -");
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    for path in ["/api/v1/echo", "/nowhere", "/healthz"] {
        let response = plain().oneshot(request(&format!("GET {path}"))).await.unwrap();
        let header = |name: &str| {
            response.headers().get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
        };
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(header("x-request-id").len(), 16, "{path}");
        assert_eq!(header("access-control-allow-origin"), "", "{path}");
    }
}

#[tokio::test]
async fn serving_over_a_socket_ends_gracefully() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stopper, stop) = Stop::pair();
    let config = ServeConfig { drain: Duration::from_secs(600), ..ServeConfig::default() };
    let server = tokio::spawn(serve(listener, plain(), config, stop));
    let mut client = tokio::net::TcpStream::connect(address).await.unwrap();
    let sent = format!("GET /api/v1/echo HTTP/1.1\r\nHost: {address}\r\n\r\n");
    client.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = client.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("hello"), "{answer}");
    stopper.stop();
    // The idle connection is closed at once, not after the drain.
    tokio::time::timeout(Duration::from_secs(60), server).await.unwrap().unwrap();
}

/// One account; whoever has it may read what begins with `a`.
struct Anna;

#[derive(Debug)]
struct OfAnna;

impl crate::Rights for OfAnna {
    fn may_publish(&self, _: &str) -> bool {
        false
    }

    fn may_read(&self, topic: &str) -> bool {
        topic.starts_with('a')
    }

    fn reads(&self, filter: &str) -> uns_model::Coverage {
        // Anna watches the hub.
        if filter == "$SYS/#" { uns_model::Coverage::All } else { uns_model::Coverage::Part }
    }

    fn is_admin(&self) -> bool {
        false
    }

    fn has_ended(&self) -> bool {
        false
    }

    fn version(&self) -> u64 {
        1
    }
}

impl LogIn for Anna {
    fn log_in(
        &self,
        credential: Credential,
        _: Option<std::net::IpAddr>,
    ) -> crate::services::Boxed<'_, Result<Caller, Refusal>> {
        let good = matches!(credential, Credential::Basic { name, password }
            if name == "anna" && password == b"secret");
        let caller = Caller { name: "anna".into(), rights: Arc::new(OfAnna) };
        let wrong = Refusal::new(401, "login_failed", "Wrong.");
        Box::pin(async move { if good { Ok(caller) } else { Err(wrong) } })
    }

    fn anonymous(&self) -> Caller {
        Caller::unrestricted()
    }

    fn is_possible(&self) -> bool {
        true
    }
}

/// `anna:secret`
const ANNA: &str = "\nauthorization: Basic YW5uYTpzZWNyZXQ=";

fn guarded(anonymous: Anonymous) -> Router {
    let mut app = App::new("1.2.3");
    let who = |caller: Caller| async move {
        caller.check_read("a")?;
        caller.check_read("b").map(|()| caller.name.to_string())
    };
    app.routes(Router::new().route("/who", get(who)).route("/mqtt", get(async || "mqtt")));
    app.health(Arc::new(Sick(AtomicBool::new(true))));
    let guard = Guard::new(Hosts::new(&[]).unwrap(), Arc::new(anonymous), Arc::new(Anna));
    let shared = Parts { guard, random: Arc::new(SeededRandom::new(1)) };
    app.router(&HttpConfig::default(), shared)
}

#[tokio::test]
async fn where_a_log_in_is_needed_strangers_are_asked_for_one() {
    let router = guarded(Anonymous::never());
    let ask = async |sent: &str| router.clone().oneshot(request(sent)).await.unwrap();
    for sent in ["GET /who", "GET /metrics", "GET /nothing", "GET /api/v1/openapi.json"] {
        let response = ask(sent).await;
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{sent}");
        let challenges = response.headers().get_all("www-authenticate").iter();
        let challenges: Vec<_> = challenges.map(|c| c.to_str().unwrap().to_owned()).collect();
        assert!(challenges[0].starts_with("Basic ") && challenges[1].starts_with("Bearer "));
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(kind, "application/problem+json", "{sent}");
        assert!(text(response).await.contains("\"login_required\""), "{sent}");
    }
    let wrong = ask("GET /who\nauthorization: Basic YW5uYTp4").await;
    assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED);
    assert!(text(wrong).await.contains("login_failed"));
    assert_eq!(ask("GET /healthz").await.status(), StatusCode::OK);
    assert_eq!(ask("GET /mqtt").await.status(), StatusCode::OK, "CONNECT is its log-in");
    let ready = ask("GET /readyz").await;
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(text(ready).await, r#"{"status":"degraded","faults":[],"notices":[]}"#);
    let ready = ask(&format!("GET /readyz{ANNA}")).await;
    assert!(text(ready).await.contains("log_damaged"));
    let who = ask(&format!("GET /who{ANNA}")).await;
    assert_eq!(who.status(), StatusCode::FORBIDDEN);
    let who = text(who).await;
    assert!(who.contains("not_allowed") && who.contains("No rule lets `anna` read `b`"), "{who}");
}

#[tokio::test]
async fn a_credential_is_checked_where_none_is_needed() {
    let router = guarded(Anonymous::allowed());
    let ask = async |sent: &str| router.clone().oneshot(request(sent)).await.unwrap().status();
    assert_eq!(ask("GET /who").await, StatusCode::OK);
    assert_eq!(ask(&format!("GET /who{ANNA}")).await, StatusCode::FORBIDDEN);
    assert_eq!(ask("GET /who\nauthorization: Basic YW5uYTp4").await, StatusCode::UNAUTHORIZED);
    assert_eq!(ask("GET /who\nx-forwarded-for: 192.0.2.7").await, StatusCode::UNAUTHORIZED);
}
