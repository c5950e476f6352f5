//! A client's side of TLS, blocking, and of what else may come before MQTT.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::wire::dial;

/// TLS over a socket.
pub(crate) type Secure = StreamOwned<ClientConnection, TcpStream>;

/// Trusts what a PEM file holds.
pub(crate) fn trust(certificate: &Path) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(certificate).expect("a certificate");
    roots.add(certificate).expect("a certificate that vouches");
    Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

/// A socket whose TLS handshake with `localhost` is yet to come.
pub(crate) fn begin(address: SocketAddr, config: &Arc<ClientConfig>) -> Secure {
    let name = ServerName::try_from("localhost").expect("a name");
    let tls = ClientConnection::new(Arc::clone(config), name).expect("a configuration that fits");
    StreamOwned::new(tls, dial(address))
}

/// A socket whose TLS handshake is over.
pub(crate) fn open(address: SocketAddr, config: &Arc<ClientConfig>) -> Secure {
    let mut stream = begin(address, config);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).expect("the hub shakes hands");
    }
    stream
}

/// Makes a socket a WebSocket.
pub(crate) fn upgrade(socket: &mut TcpStream) {
    let request = "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\
         Sec-WebSocket-Protocol: mqtt\r\n\r\n";
    socket.write_all(request.as_bytes()).expect("the hub reads");
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).expect("an answer");
        answer.push(byte[0]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&answer));
}

/// A PROXY header, version 2, of a client at 192.0.2.7.
pub(crate) const PROXY_HEADER: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\xC0\0\x02\x07\x7F\0\0\x01\x12\x34\x07\x5B";
