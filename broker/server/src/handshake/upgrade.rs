//! The HTTP request that turns a connection into MQTT over WebSocket.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tungstenite::handshake::machine::TryParse as _;
use tungstenite::handshake::server::{Request, create_response, write_response};
use tungstenite::http::{self, HeaderMap, HeaderValue, StatusCode, header};

use super::refusal::Refusal;

/// The longest request, its headers included.
const REQUEST_MAX: usize = 16 << 10;
/// The accepted sub-protocols in the order of preference: that of MQTT 3.1.1 and 5 [MQTT-6.0.0-3],
/// and the one that clients of MQTT 3.1 name.
const PROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];

/// Decides which web pages may connect: no other page may reach the broker through the browser of
/// its reader.
pub trait OriginCheck: Send + Sync {
    /// Whether a request with these headers may become a connection.
    ///
    /// # Errors
    /// Why not, in a sentence for the client.
    fn check(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), String>;
}

/// Refuses every request that a browser marks as coming from a page. Other programs may connect.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoBrowsers;

impl OriginCheck for NoBrowsers {
    fn check(&self, _: SocketAddr, headers: &HeaderMap) -> Result<(), String> {
        if headers.contains_key(header::ORIGIN) || headers.contains_key("sec-fetch-site") {
            return Err("No page may connect here.".into());
        }
        Ok(())
    }
}

/// The answer to a request for MQTT over WebSocket that passed the checks.
///
/// # Errors
/// The HTTP status and what the request lacks.
pub fn accept_upgrade(
    request: &http::Request<()>,
) -> Result<http::Response<()>, (StatusCode, String)> {
    let wrong = |error: tungstenite::Error| (StatusCode::BAD_REQUEST, error.to_string());
    let mut response = create_response(request).map_err(wrong)?;
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    // Small clients offer no sub-protocol, and expect none in the answer (RFC 6455, section 4.2.2).
    if offered.iter().next().is_none() {
        return Ok(response);
    }
    let offered = offered.iter().filter_map(|list| list.to_str().ok());
    let offered: Vec<_> = offered.flat_map(|list| list.split(',')).map(str::trim).collect();
    let Some(name) = PROTOCOLS.into_iter().find(|name| offered.contains(name)) else {
        let why = "The sub-protocol `mqtt` is spoken here, and the request does not offer it.";
        return Err((StatusCode::BAD_REQUEST, why.into()));
    };
    let name = HeaderValue::from_static(name);
    response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, name);
    Ok(response)
}

/// Reads the request and answers it. Returns the bytes that came after it.
pub(crate) async fn serve(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    from: SocketAddr,
    origins: &dyn OriginCheck,
) -> io::Result<Vec<u8>> {
    let (request, early) = read(stream).await?;
    let outcome = match origins.check(from, request.headers()) {
        Ok(()) => accept_upgrade(&request),
        Err(why) => Err((StatusCode::FORBIDDEN, why)),
    };
    match outcome {
        Ok(response) => {
            let mut bytes = Vec::new();
            write_response(&mut bytes, &response).map_err(io::Error::other)?;
            stream.write_all(&bytes).await?;
            stream.flush().await?;
            Ok(early)
        }
        Err((status, why)) => {
            respond(stream, status, &why).await?;
            Err(io::Error::new(io::ErrorKind::InvalidData, why))
        }
    }
}

/// Reads the request and refuses it.
pub(super) async fn refuse(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    refusal: &Refusal,
) -> io::Result<()> {
    read(stream).await?;
    let status = StatusCode::from_u16(refusal.status).map_err(io::Error::other)?;
    respond(stream, status, refusal.why).await
}

async fn respond(
    stream: &mut (impl AsyncWrite + Unpin),
    status: StatusCode,
    why: &str,
) -> io::Result<()> {
    let length = why.len() + 1;
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{why}\n"
    );
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<(Request, Vec<u8>)> {
    let wrong = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let mut bytes = Vec::with_capacity(1024);
    let mut searched = 0;
    loop {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(wrong("closed within its HTTP request"));
        }
        // Only new bytes are searched for the end, so that a request that comes byte by byte does not
        // cost quadratic time.
        let fresh = bytes.get(searched..).unwrap_or_default();
        if fresh.windows(4).any(|four| four == b"\r\n\r\n") {
            let parsed = Request::try_parse(&bytes).map_err(|error| wrong(&error.to_string()))?;
            let (size, request) = parsed.ok_or_else(|| wrong("an HTTP request without end"))?;
            return Ok((request, bytes.split_off(size)));
        }
        searched = bytes.len().saturating_sub(3);
        if bytes.len() > REQUEST_MAX {
            return Err(wrong("a long HTTP request"));
        }
    }
}
