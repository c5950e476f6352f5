//! A client that speaks MQTT without TLS on a listener with TLS is told so, in MQTT.

use std::io;

use tokio::net::TcpStream;

use super::refuse::{self, CONNECT, NOT_TLS};

/// Whether the first byte of a connection is that of CONNECT and not of TLS; it is answered then.
pub(super) async fn answer(stream: &mut TcpStream) -> io::Result<bool> {
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 || first != [CONNECT] {
        return Ok(false);
    }
    refuse::connect(stream, &NOT_TLS).await?;
    Ok(true)
}
