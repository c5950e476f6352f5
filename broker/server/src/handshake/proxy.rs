//! The header of the PROXY protocol, version 2, by which a load balancer says who connected to it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt as _};

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// What may follow the fixed part: addresses and whatever else the proxy has to say.
const LENGTH_MAX: u16 = 2048;

/// Reads a header and not a byte more. `None` stands for a connection of the proxy itself, or one
/// whose address it does not know.
pub(crate) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<SocketAddr>> {
    let mut fixed = [0; 16];
    from.read_exact(&mut fixed).await?;
    let [signature @ .., command, family, high, low] = fixed;
    if signature != SIGNATURE {
        return Err(wrong("no PROXY header of version 2"));
    }
    let length = u16::from_be_bytes([high, low]);
    if length > LENGTH_MAX {
        return Err(wrong("a PROXY header longer than 2048 bytes"));
    }
    let mut rest = vec![0; length.into()];
    from.read_exact(&mut rest).await?;
    match (command, family) {
        (0x20, _) | (0x21, 0x00) => Ok(None),
        (0x21, 0x11) => ipv4(&rest).map(Some),
        (0x21, 0x21) => ipv6(&rest).map(Some),
        (0x21, _) => Err(wrong("a PROXY header about something other than TCP")),
        _ => Err(wrong("a PROXY header of an unknown version or command")),
    }
}

/// Source address, destination address, source port, destination port.
fn ipv4(rest: &[u8]) -> io::Result<SocketAddr> {
    let addresses = rest.first_chunk::<12>().ok_or_else(|| wrong("a short PROXY header"))?;
    let [a, b, c, d, _, _, _, _, high, low, ..] = *addresses;
    Ok(SocketAddr::from((Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([high, low]))))
}

fn ipv6(rest: &[u8]) -> io::Result<SocketAddr> {
    let short = || wrong("a short PROXY header");
    let (source, rest) = rest.split_first_chunk::<16>().ok_or_else(short)?;
    let (_, ports) = rest.split_first_chunk::<16>().ok_or_else(short)?;
    let port = ports.first_chunk::<4>().ok_or_else(short)?;
    let [high, low, ..] = *port;
    Ok(SocketAddr::from((Ipv6Addr::from(*source), u16::from_be_bytes([high, low]))))
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(header: &[u8], expected: Result<Option<&str>, &str>) {
        let whole = [header, b"MQTT"].concat();
        let mut bytes = &*whole;
        let got = read(&mut bytes).await.map(|address| address.map(|known| known.to_string()));
        match expected {
            Ok(expected) => {
                assert_eq!(got.unwrap().as_deref(), expected);
                assert_eq!(bytes, b"MQTT", "not a byte more");
            }
            Err(expected) => assert!(got.unwrap_err().to_string().contains(expected)),
        }
    }

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    #[tokio::test]
    async fn headers() {
        let four = [192, 0, 2, 7, 127, 0, 0, 1, 0x12, 0x34, 0x07, 0x5B];
        let mut six = [0; 36];
        six[..4].copy_from_slice(&[0x20, 0x01, 0x0D, 0xB8]);
        (six[15], six[33]) = (9, 80);
        check(&header(0x21, 0x11, &four), Ok(Some("192.0.2.7:4660"))).await;
        check(
            &header(0x21, 0x11, &[&four[..], &[4, 0, 1, 0]].concat()),
            Ok(Some("192.0.2.7:4660")),
        )
        .await;
        check(&header(0x21, 0x21, &six), Ok(Some("[2001:db8::9]:80"))).await;
        check(&header(0x20, 0x00, &[]), Ok(None)).await;
        check(&header(0x21, 0x00, &[1, 2, 3]), Ok(None)).await;
        check(&header(0x21, 0x11, &four[..11]), Err("short")).await;
        check(&header(0x21, 0x21, &six[..33]), Err("short")).await;
        check(&header(0x21, 0x12, &four), Err("other than TCP")).await;
        check(&header(0x21, 0x31, &[0; 216]), Err("other than TCP")).await;
        check(&header(0x22, 0x11, &four), Err("unknown version or command")).await;
        check(&header(0x11, 0x11, &four), Err("unknown version or command")).await;
        check(&header(0x21, 0x11, &[0; 2049]), Err("longer")).await;
        check(b"PROXY TCP4 192.0.2.7 127.0.0.1 1 2\r\n", Err("no PROXY header")).await;
        check(b"\x10\x0d\0\x04MQTT\x04\x02\0\0\0\x01c\xc0\0", Err("no PROXY header")).await;
    }
}
