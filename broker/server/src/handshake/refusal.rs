//! Why a connection is refused, and how its client is told: by a CONNACK in the version of its
//! CONNECT, or by an answer to its HTTP request.

use std::io;
use std::num::NonZeroU32;
use std::time::Duration;

use broker_codec::{
    Connack, ConnackProperties, Frame, Packet, PacketType, ReasonCode, Version, frame,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// The first byte of a CONNECT.
pub(super) const CONNECT: u8 = PacketType::Connect.header();
/// A longer CONNECT is answered without being read to its end.
const CONNECT_BYTES_MAX: usize = 4 << 10;
/// How long a client may take to read its answer.
const DRAIN: Duration = Duration::from_secs(1);

/// Why a connection is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// The reason code of CONNACK in MQTT 5.
    v5: ReasonCode,
    /// The return code of CONNACK before MQTT 5. Clients that get code 3 try again, those that get
    /// code 5 give up.
    old: ReasonCode,
    /// The status of the answer to an HTTP request.
    pub status: u16,
    /// The reason as a sentence.
    pub why: &'static str,
}

/// The address of the client has as many connections as one may have.
pub(crate) const ADDRESS_LIMIT: Refusal = Refusal {
    v5: ReasonCode::QuotaExceeded,
    old: ReasonCode::ServerUnavailable,
    status: 429,
    why: "your address has as many connections as one may have \
          (mqtt.limits.connections_per_address): close some, or try again later",
};
/// The hub has as many connections as it may have.
pub(crate) const CONNECTION_LIMIT: Refusal = Refusal {
    v5: ReasonCode::QuotaExceeded,
    old: ReasonCode::ServerUnavailable,
    status: 503,
    why: "the hub has as many connections as it may have (mqtt.connections_max, memory.max): try \
          again later",
};
/// The client speaks MQTT without TLS to a listener with TLS.
pub(super) const NOT_TLS: Refusal = Refusal {
    v5: ReasonCode::ImplementationSpecificError,
    old: ReasonCode::NotAuthorized,
    status: 400,
    why: "this port speaks TLS: connect with mqtts:// or turn TLS on",
};

/// Reads a CONNECT and answers it. A client that begins with anything else gets no answer, since
/// its protocol is not known.
pub(super) async fn answer_connect(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    refusal: &Refusal,
) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(512);
    while is_unfinished(&bytes) && stream.read_buf(&mut bytes).await? > 0 {}
    let Some(connack) = answer_to(&bytes, refusal) else { return Ok(()) };
    stream.write_all(&connack).await?;
    stream.shutdown().await?;
    // Closing a socket with unread bytes resets it, and the client would lose the answer. So what
    // still comes is read for a moment.
    let drain = async { while stream.read(&mut [0; 512]).await.is_ok_and(|read| read > 0) {} };
    tokio::time::timeout(DRAIN, drain).await.ok();
    Ok(())
}

/// Whether these bytes are the beginning of a CONNECT that will be read whole.
fn is_unfinished(bytes: &[u8]) -> bool {
    let begins = bytes.first().is_none_or(|first| *first == CONNECT);
    begins && matches!(frame(bytes, CONNECT_BYTES_MAX), Ok(Frame::Need(_)))
}

/// The CONNACK for what a client sent; `None` if that is no CONNECT.
fn answer_to(bytes: &[u8], refusal: &Refusal) -> Option<Vec<u8>> {
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
        // Protocol name and version follow the packet's length, which has at most four bytes.
        None => {
            let begin = bytes.get(..12).unwrap_or(bytes);
            let v5 = begin.windows(7).any(|name| name == b"\0\x04MQTT\x05");
            (if v5 { Version::V5 } else { Version::V311 }, NonZeroU32::new(1))
        }
    };
    let bare = Connack::refused(if version == Version::V5 { refusal.v5 } else { refusal.old });
    let properties = ConnackProperties { reason_string: Some(refusal.why), ..Default::default() };
    let mut out = Vec::new();
    let with_reason = Connack { properties, ..bare };
    with_reason.encode(version, &mut out).ok()?;
    // A client that accepts only small packets gets the code without the sentence.
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
    fn the_answer_has_the_version_of_the_client_and_fits_its_maximum_packet_size() {
        let says = |bytes: &[u8], refusal| answer_to(bytes, refusal).unwrap_or_default();
        assert_eq!(says(OLD, &NOT_TLS), b"\x20\x02\0\x05");
        assert_eq!(says(OLD, &ADDRESS_LIMIT), b"\x20\x02\0\x03");
        for (refusal, code, why) in [
            (&NOT_TLS, 0x83, "this port speaks TLS"),
            (&ADDRESS_LIMIT, 0x97, "connections_per_address"),
        ] {
            let new = says(NEW, refusal);
            let at = if new[1] & 0x80 == 0 { 2 } else { 3 };
            assert_eq!((new[0], new.get(at..at + 2)), (0x20, Some(&[0, code][..])));
            assert!(String::from_utf8_lossy(&new).contains(why));
        }
        let small = b"\x10\x13\0\x04MQTT\x05\x02\0\0\x05\x27\0\0\0\x20\0\x01c";
        assert_eq!(says(small, &ADDRESS_LIMIT), b"\x20\x03\0\x97\0");
        let long = b"\x10\xff\xff\x03\0\x04MQTT\x05\x02\0\0";
        assert_eq!(says(long, &ADDRESS_LIMIT), b"\x20\x03\0\x97\0", "it is not read to its end");
        assert_eq!(answer_to(b"GET / HTTP/1.1\r\n", &ADDRESS_LIMIT), None);
    }

    #[test]
    fn only_a_connect_is_read_to_its_end() {
        assert!(is_unfinished(b"") && is_unfinished(&NEW[..5]));
        assert!(
            !is_unfinished(NEW) && !is_unfinished(b"GET") && !is_unfinished(b"\x10\xff\xff\x03")
        );
    }
}
