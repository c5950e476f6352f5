//! Tells a client that speaks MQTT without TLS to a listener with TLS about its mistake.

use std::io;

use tokio::net::TcpStream;

use super::refusal::{self, CONNECT, NOT_TLS};

/// Answers a connection whose first byte is that of CONNECT and not of TLS. Returns whether it was
/// one.
pub(super) async fn answer(stream: &mut TcpStream) -> io::Result<bool> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 || first != [CONNECT] {
        return Ok(false);
    }
    refusal::answer_connect(stream, &NOT_TLS).await?;
    Ok(true)
}
