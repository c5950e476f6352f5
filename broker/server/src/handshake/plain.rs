//! A client that speaks MQTT without TLS on a listener with TLS is told so, in MQTT.

use std::io;
use std::time::Duration;

use broker_codec::{Connack, ConnackProperties, ReasonCode, Version};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long a client may take to read the answer.
const PATIENCE: Duration = Duration::from_secs(1);
const WHY: &str = "this port speaks TLS: connect with mqtts:// or turn TLS on";

/// Whether the first byte of a connection is that of CONNECT and not of TLS; it is answered then.
pub(super) async fn answer(stream: &mut TcpStream) -> io::Result<bool> {
    const CONNECT: u8 = 0x10;
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 || first != [CONNECT] {
        return Ok(false);
    }
    let mut bytes = [0; 256];
    let read = stream.read(&mut bytes).await?;
    let connack = answer_to(bytes.get(..read).unwrap_or_default());
    stream.write_all(&connack).await?;
    stream.shutdown().await?;
    // What still comes is taken for a moment, or closing the socket would reset it and take the
    // answer away.
    let drain = async { while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(PATIENCE, drain).await.ok();
    Ok(true)
}

fn answer_to(connect: &[u8]) -> Vec<u8> {
    let v5 = connect.windows(7).any(|name| name == b"\0\x04MQTT\x05");
    let (version, reason) = match v5 {
        true => (Version::V5, ReasonCode::ImplementationSpecificError),
        // Its clients give up, other than after "server unavailable".
        false => (Version::V311, ReasonCode::NotAuthorized),
    };
    let properties = ConnackProperties { reason_string: Some(WHY), ..Default::default() };
    let mut out = Vec::new();
    let connack = Connack { properties, ..Connack::refused(reason) };
    connack.encode(version, &mut out).expect("a short answer with a code of its version");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_in_the_version_of_the_client() {
        let old = answer_to(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c");
        assert_eq!(old, b"\x20\x02\0\x05");
        let new = answer_to(b"\x10\x0e\0\x04MQTT\x05\x02\0\0\0\0\x01c");
        assert_eq!(new.get(..4), Some(&[0x20, 64, 0, 0x83][..]));
        assert!(String::from_utf8_lossy(&new).contains("this port speaks TLS"));
    }
}
