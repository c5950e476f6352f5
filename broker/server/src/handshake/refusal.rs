//! A connection that is not let in is told why, in the words of what it speaks: a CONNACK in the
//! version of its CONNECT, or an answer to its HTTP request. Nobody waits long for such a client, and
//! only so many are told at once.

use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use broker_codec::{
    Connack, ConnackProperties, Frame, Packet, PacketType, ReasonCode, Version, frame,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Connections that are told at once why they are not let in; further ones are closed.
pub(crate) const TOLD_MAX: usize = 64;
/// From accepting one to the end of it.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// The first byte of a CONNECT, and the longest one that is read whole.
pub(super) const CONNECT: u8 = PacketType::Connect.header();
const CONNECT_BYTES_MAX: usize = 4 << 10;
/// How long a client may take to read its answer.
const DRAIN: Duration = Duration::from_secs(1);

/// Why a connection is not let in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused {
    /// What CONNACK says in MQTT 5.
    v5: ReasonCode,
    /// And before: the clients of code 3 try again, those of code 5 give up.
    old: ReasonCode,
    /// And an HTTP request.
    pub status: u16,
    /// And a person.
    pub why: &'static str,
}

/// Its address has many.
pub(crate) const CROWDED: Refused = Refused {
    v5: ReasonCode::QuotaExceeded,
    old: ReasonCode::ServerUnavailable,
    status: 429,
    why: "your address has as many connections as one may have \
          (mqtt.limits.connections_per_address): close some, or try again later",
};
/// There are many.
pub(crate) const FULL: Refused = Refused {
    v5: ReasonCode::QuotaExceeded,
    old: ReasonCode::ServerUnavailable,
    status: 503,
    why: "the hub has as many connections as it may have (mqtt.connections_max, memory.max): try \
          again later",
};
/// It speaks MQTT without TLS where TLS is spoken.
pub(super) const NOT_TLS: Refused = Refused {
    v5: ReasonCode::ImplementationSpecificError,
    old: ReasonCode::NotAuthorized,
    status: 400,
    why: "this port speaks TLS: connect with mqtts:// or turn TLS on",
};

/// Reads a CONNECT and answers it. Whoever begins with something else hears nothing, since nobody
/// knows what it would read.
pub(super) async fn connect(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    refused: &Refused,
) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(512);
    while is_unfinished(&bytes) && stream.read_buf(&mut bytes).await? > 0 {}
    let Some(connack) = answer_to(&bytes, refused) else { return Ok(()) };
    stream.write_all(&connack).await?;
    stream.shutdown().await?;
    // What still comes is taken for a moment, or closing the socket would reset it and take the
    // answer away.
    let drain = async { while stream.read(&mut [0; 512]).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(DRAIN, drain).await.ok();
    Ok(())
}

/// Whether this is the beginning of a CONNECT that is worth waiting for.
fn is_unfinished(bytes: &[u8]) -> bool {
    let begins = bytes.first().is_none_or(|first| *first == CONNECT);
    begins && matches!(frame(bytes, CONNECT_BYTES_MAX), Ok(Frame::Need(_)))
}

fn answer_to(bytes: &[u8], refused: &Refused) -> Option<Vec<u8>> {
    if bytes.first() != Some(&CONNECT) {
        return None;
    }
    let whole = match frame(bytes, CONNECT_BYTES_MAX) {
        Ok(Frame::Packet(framed)) => match framed.decode(Version::V5, bytes) {
            Ok(Packet::Connect(connect)) => Some(connect),
            Ok(_) | Err(_) => None,
        },
        Ok(Frame::Need(_)) | Err(_) => None,
    };
    let (version, most) = match &whole {
        Some(connect) => (connect.version, connect.properties.maximum_packet_size),
        // The version is behind a length of at most four bytes and the name.
        None => {
            let begin = bytes.get(..12).unwrap_or(bytes);
            let v5 = begin.windows(7).any(|name| name == b"\0\x04MQTT\x05");
            (if v5 { Version::V5 } else { Version::V311 }, NonZeroU32::new(1))
        }
    };
    let bare = Connack::refused(if version == Version::V5 { refused.v5 } else { refused.old });
    let properties = ConnackProperties { reason_string: Some(refused.why), ..Default::default() };
    let mut out = Vec::new();
    let with_words = Connack { properties, ..bare };
    with_words.encode(version, &mut out).ok()?;
    // Words give way to what the client takes.
    if most.is_some_and(|most| out.len() > most.get() as usize) {
        out.clear();
        bare.encode(version, &mut out).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c";
    const NEW: &[u8] = b"\x10\x0e\0\x04MQTT\x05\x02\0\0\0\0\x01c";

    #[test]
    fn the_answer_is_in_the_version_of_the_client_and_no_longer_than_it_takes() {
        let says = |bytes: &[u8], refused| answer_to(bytes, refused).unwrap_or_default();
        assert_eq!(says(OLD, &NOT_TLS), b"\x20\x02\0\x05");
        assert_eq!(says(OLD, &CROWDED), b"\x20\x02\0\x03");
        for (refused, code, why) in
            [(&NOT_TLS, 0x83, "this port speaks TLS"), (&CROWDED, 0x97, "connections_per_address")]
        {
            let new = says(NEW, refused);
            let at = if new[1] & 0x80 == 0 { 2 } else { 3 };
            assert_eq!((new[0], new.get(at..at + 2)), (0x20, Some(&[0, code][..])));
            assert!(String::from_utf8_lossy(&new).contains(why));
        }
        let small = b"\x10\x13\0\x04MQTT\x05\x02\0\0\x05\x27\0\0\0\x20\0\x01c";
        assert_eq!(says(small, &CROWDED), b"\x20\x03\0\x97\0");
        let long = b"\x10\xff\xff\x03\0\x04MQTT\x05\x02\0\0";
        assert_eq!(says(long, &CROWDED), b"\x20\x03\0\x97\0", "it is not read to its end");
        assert_eq!(answer_to(b"GET / HTTP/1.1\r\n", &CROWDED), None);
    }

    #[test]
    fn only_a_connect_is_waited_for() {
        assert!(is_unfinished(b"") && is_unfinished(&NEW[..5]));
        assert!(
            !is_unfinished(NEW) && !is_unfinished(b"GET") && !is_unfinished(b"\x10\xff\xff\x03")
        );
    }
}
