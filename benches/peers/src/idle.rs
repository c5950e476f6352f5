//! Idle connections: what each costs in memory, plain and in TLS.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::args::Args;
use crate::brokers::{Kind, Secure};
use crate::{client, cpu, memory, wire};

/// Descriptors of this process that are not connections.
const RESERVED: usize = 100;

/// Measures this hub, then mosquitto.
pub(crate) fn table(args: &Args) -> Result<()> {
    println!("\nIdle connections\n");
    println!("| broker | connections | KiB each | connected in s |");
    println!("|---|---|---|---|");
    let room = descriptors().saturating_sub(RESERVED);
    for kind in [Kind::UnsFabric, Kind::Mosquitto] {
        plain(kind, args.idle.min(room), args)?;
    }
    secure(args.idle_tls.min(room), args)
}

fn plain(kind: Kind, count: usize, args: &Args) -> Result<()> {
    let broker = kind.start(&args.binaries)?;
    let before = settled(broker.pid());
    let began = Instant::now();
    let mut clients = Vec::with_capacity(count);
    for n in 0..count {
        // A broker that keeps descriptors for its files says so.
        let Ok(client) = client::connect(broker.address, &format!("idle{n}")) else { break };
        clients.push(client);
    }
    let took = began.elapsed();
    print(kind.name(), clients.len(), (before, settled(broker.pid())), took);
    Ok(())
}

fn secure(count: usize, args: &Args) -> Result<()> {
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let secure = |directory: &Path| -> Result<Secure> {
        let (certificate, key) = (directory.join("server.pem"), directory.join("server.key"));
        fs::write(&certificate, certified.cert.pem())?;
        fs::write(&key, certified.signing_key.serialize_pem())?;
        Ok(Secure { certificate, key })
    };
    let broker = Kind::UnsFabric.start_secure(&args.binaries, &secure)?;
    let address = broker.secure.context("no TLS address")?;
    let mut roots = RootCertStore::empty();
    roots.add(certified.cert.der().clone())?;
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let config = Arc::new(config);
    let before = settled(broker.pid());
    let began = Instant::now();
    let mut clients = Vec::with_capacity(count);
    for n in 0..count {
        clients.push(connect_secure(address, &config, &format!("idle{n}"))?);
    }
    let took = began.elapsed();
    print("uns, fabric on, TLS", count, (before, settled(broker.pid())), took);
    Ok(())
}

type Secured = StreamOwned<ClientConnection, TcpStream>;

fn connect_secure(
    address: SocketAddr,
    config: &Arc<ClientConfig>,
    client_id: &str,
) -> Result<Secured> {
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let name = ServerName::try_from("localhost")?;
    let tls = ClientConnection::new(Arc::clone(config), name)?;
    let mut stream = StreamOwned::new(tls, socket);
    std::io::Write::write_all(&mut stream, &wire::connect(client_id))?;
    let mut answer = [0; 4];
    std::io::Read::read_exact(&mut stream, &mut answer).context("CONNACK through TLS")?;
    Ok(stream)
}

fn settled(pid: u32) -> u64 {
    cpu::settle(pid);
    memory::resident(pid)
}

fn print(name: &str, count: usize, (before, after): (u64, u64), took: Duration) {
    let each = after.saturating_sub(before) as f64 / 1024.0 / count.max(1) as f64;
    println!("| {name} | {count} | {each:.1} | {:.1} |", took.as_secs_f64());
}

/// Files this process may have open.
fn descriptors() -> usize {
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(1024)
}
