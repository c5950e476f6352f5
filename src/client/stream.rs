//! The bytes of one connection: a plain socket, or TLS over one.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustls_pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig, ClientConnection, StreamOwned};

use super::reach;
use super::{Endpoint, Target};

/// What MQTT is written to and read from.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

impl Stream {
    /// Connects, and shakes hands where that is wanted.
    pub(super) fn open(endpoint: &Endpoint, timeout: Duration) -> Result<Self> {
        let target = &endpoint.target;
        let socket = dial(target, timeout)?;
        socket.set_nodelay(true).context("the socket takes no options")?;
        socket.set_write_timeout(Some(WRITE_TIMEOUT))?;
        let Some(config) = &endpoint.tls else { return Ok(Self::Plain(socket)) };
        socket.set_read_timeout(Some(timeout))?;
        shake_hands(socket, target, config)
            .map(|tls| Self::Tls(Box::new(tls)))
            .map_err(|error| explain(error, target))
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(socket) => socket,
            Self::Tls(tls) => &tls.sock,
        }
    }

    /// How long a read may wait.
    pub(super) fn set_read_timeout(&self, timeout: Duration) -> io::Result<()> {
        self.socket().set_read_timeout(Some(timeout))
    }

    /// Says that nothing more will be written.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        if let Self::Tls(tls) = self {
            tls.conn.send_close_notify();
            tls.flush()?;
        }
        self.socket().shutdown(Shutdown::Write)
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.read(buffer),
            Self::Tls(tls) => tls.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(socket) => socket.write(bytes),
            Self::Tls(tls) => tls.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(socket) => socket.flush(),
            Self::Tls(tls) => tls.flush(),
        }
    }
}

fn shake_hands(
    mut socket: TcpStream,
    target: &Target,
    config: &Arc<ClientConfig>,
) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
    let mut tls = ClientConnection::new(Arc::clone(config), name).map_err(io::Error::other)?;
    while tls.is_handshaking() {
        tls.complete_io(&mut socket)?;
    }
    Ok(StreamOwned::new(tls, socket))
}

/// What went wrong, in words of who typed the address.
fn explain(error: io::Error, target: &Target) -> anyhow::Error {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>());
    let said = match cause {
        Some(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer)) => {
            format!(
                "the CA of --cafile does not vouch for {target}; take tls/ca.pem of the hub's data \
                 directory, whose fingerprint its start prints"
            )
        }
        Some(rustls::Error::InvalidCertificate(
            rustls::CertificateError::NotValidForName
            | rustls::CertificateError::NotValidForNameContext { .. },
        )) => format!(
            "the certificate of {target} is one of another name; see --public-name of `uns run`"
        ),
        Some(rustls::Error::InvalidMessage(_)) => {
            format!("{target} does not answer in TLS; a port without it wants mqtt://")
        }
        // So a hub answers where it speaks no TLS.
        Some(rustls::Error::AlertReceived(rustls::AlertDescription::ProtocolVersion)) => {
            format!("{target} refused TLS; a port without TLS wants mqtt://")
        }
        _ if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            format!("{target} accepted the connection, then did not answer in TLS")
        }
        _ if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset) => {
            format!("{target} ended the TLS handshake; a port without TLS wants mqtt://")
        }
        _ => format!("no TLS with {target}"),
    };
    anyhow::Error::new(error).context(said)
}

fn dial(target: &Target, timeout: Duration) -> Result<TcpStream> {
    let addresses = (target.host.as_str(), target.port).to_socket_addrs();
    let addresses = addresses.with_context(|| reach::unknown_host(&target.host))?;
    let mut last = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, timeout) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = Some(error),
        }
    }
    let Some(error) = last else { bail!("{}", reach::unknown_host(&target.host)) };
    let remedy = reach::remedy(error.kind(), "--mqtt");
    Err(error).with_context(|| format!("no broker answers at {target}; {remedy}"))
}
