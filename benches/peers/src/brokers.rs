//! The brokers under test, each a process of its own on a free loopback port.

use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// A broker process; dropping it stops it.
#[derive(Debug)]
pub(crate) struct Broker {
    kind: Kind,
    child: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// Where it listens for TLS, if it does.
    pub(crate) secure: Option<SocketAddr>,
    directory: PathBuf,
}

/// The files of a TLS listener.
#[derive(Clone, Debug)]
pub(crate) struct Secure {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// The programs under test.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Binaries {
    /// The `uns` binary.
    #[arg(long, default_value = "target/release/uns")]
    pub(crate) uns: PathBuf,
    /// An earlier `uns` binary: instead of the tables with peers, each load is put on both builds in
    /// turn, and the medians are compared.
    #[arg(long)]
    before: Option<PathBuf>,
    /// A FlashMQ binary, where there is one: one more peer in the tables of loads.
    #[arg(long)]
    flashmq: Option<PathBuf>,
}

impl Binaries {
    /// The same with the earlier build in place of this one, where one was named.
    pub(crate) fn earlier(&self) -> Option<Self> {
        let uns = self.before.clone()?;
        Some(Self { uns, before: None, flashmq: None })
    }

    /// What this hub is put beside.
    pub(crate) fn peers(&self) -> Vec<Kind> {
        let flashmq = self.flashmq.iter().map(|_| Kind::Flashmq);
        [Kind::Rumqttd, Kind::Mosquitto].into_iter().chain(flashmq).collect()
    }
}

/// Which broker, and in which mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// This project, as a plain broker.
    Uns,
    /// This project with gate, log, last value and history.
    UnsFabric,
    /// rumqttd.
    Rumqttd,
    /// mosquitto.
    Mosquitto,
    /// FlashMQ.
    Flashmq,
}

impl Kind {
    /// As printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Uns => "uns",
            Self::UnsFabric => "uns, fabric on",
            Self::Rumqttd => "rumqttd 0.20",
            Self::Mosquitto => "mosquitto",
            Self::Flashmq => "FlashMQ",
        }
    }

    /// Topics below this prefix: the fabric rows are about `uns/v1/`.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::UnsFabric => "uns/v1/bench/",
            Self::Uns | Self::Rumqttd | Self::Mosquitto | Self::Flashmq => "bench/",
        }
    }

    /// Starts it and waits until it accepts connections.
    pub(crate) fn start(self, binaries: &Binaries) -> Result<Broker> {
        let directory = directory()?;
        let address = free_address()?;
        let mut command = self.command(binaries, &directory, address)?;
        self.launch(&mut command, (directory, address, None))
    }

    /// Starts this hub with a listener of TLS, whose files are put into a directory.
    pub(crate) fn start_secure(
        self,
        binaries: &Binaries,
        files: &dyn Fn(&Path) -> Result<Secure>,
    ) -> Result<Broker> {
        let directory = directory()?;
        let (address, secure) = (free_address()?, free_address()?);
        let files = files(&directory)?;
        let mut command = self.command(binaries, &directory, address)?;
        for (key, value) in [
            ("listen", secure.to_string()),
            ("certificate", files.certificate.display().to_string()),
            ("key", files.key.display().to_string()),
        ] {
            command.args(["--set", &format!("mqtt.tls.{key}={value}")]);
        }
        self.launch(&mut command, (directory, address, Some(secure)))
    }

    fn launch(
        self,
        command: &mut Command,
        (directory, address, secure): (PathBuf, SocketAddr, Option<SocketAddr>),
    ) -> Result<Broker> {
        let child = self.spawn(command, &directory)?;
        let broker = Broker { kind: self, child, address, secure, directory };
        broker.wait()?;
        Ok(broker)
    }

    fn command(
        self,
        binaries: &Binaries,
        directory: &Path,
        address: SocketAddr,
    ) -> Result<Command> {
        let uns = &binaries.uns;
        Ok(match self {
            Self::Uns => uns_command(uns, directory, address, true),
            Self::UnsFabric => uns_command(uns, directory, address, false),
            Self::Rumqttd => rumqttd_command(address)?,
            Self::Mosquitto => mosquitto_command(directory, address)?,
            Self::Flashmq => {
                let binary = binaries.flashmq.as_deref().context("--flashmq names no binary")?;
                flashmq_command(binary, directory, address)?
            }
        })
    }

    fn spawn(self, command: &mut Command, directory: &Path) -> Result<Child> {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(directory.join("stderr"))?)
            .spawn()
            .with_context(|| format!("{} cannot be started", self.name()))
    }
}

impl Broker {
    /// Process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end and waits until it has.
    pub(crate) fn stop(&mut self) -> Result<()> {
        let asked = Command::new("kill").arg(self.pid().to_string()).status()?;
        let ended = self.child.wait()?;
        if !asked.success() || !ended.success() {
            bail!("{} did not end well: {ended}", self.kind.name());
        }
        Ok(())
    }

    /// Starts it on what it had on disk, and waits until it accepts connections.
    pub(crate) fn start_again(&mut self, binaries: &Binaries) -> Result<()> {
        let mut command = self.kind.command(binaries, &self.directory, self.address)?;
        self.child = self.kind.spawn(&mut command, &self.directory)?;
        self.wait()
    }

    fn wait(&self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while Instant::now() < deadline {
            if TcpStream::connect(self.address).is_ok() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(10));
        }
        let said = fs::read_to_string(self.directory.join("stderr")).unwrap_or_default();
        bail!("{} does not listen on {}: {said}", self.kind.name(), self.address)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_dir_all(&self.directory));
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn free_address() -> Result<SocketAddr> {
    Ok(SocketAddr::from(([127, 0, 0, 1], free_port()?)))
}

fn directory() -> Result<PathBuf> {
    let directory = std::env::temp_dir().join(format!("bench-peers-{}", free_port()?));
    fs::create_dir_all(&directory)?;
    Ok(directory)
}

fn uns_command(uns: &Path, directory: &Path, address: SocketAddr, plain: bool) -> Command {
    let mut command = Command::new(uns);
    command.arg("run").arg("--data").arg(directory.join("data"));
    command.args(["--set", &format!("mqtt.listen={address}")]);
    command.args(["--set", "http.listen=127.0.0.1:0", "--set", "mqtt.connections_max=19500"]);
    if plain {
        command.args(["--set", "namespace.brownfield=off"]);
    }
    command
}

fn rumqttd_command(address: SocketAddr) -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["rumqttd", &address.to_string()]);
    Ok(command)
}

fn mosquitto_command(directory: &Path, address: SocketAddr) -> Result<Command> {
    // Without these two its defaults drop what waits behind 1,000 messages.
    let text = format!(
        "listener {} {}\nallow_anonymous true\nmax_queued_messages 0\nmax_inflight_messages 0\n\
         set_tcp_nodelay true\npersistence false\nlog_type error\n",
        address.port(),
        address.ip()
    );
    let file = directory.join("mosquitto.conf");
    fs::write(&file, text)?;
    let mut command = Command::new("mosquitto");
    command.arg("-c").arg(file);
    Ok(command)
}

fn flashmq_command(binary: &Path, directory: &Path, address: SocketAddr) -> Result<Command> {
    // Its defaults drop beyond 512 messages of QoS 1 and 1 MiB of output.
    let text = format!(
        "allow_anonymous true\nlog_level error\nmax_qos_msg_pending_per_client 65535\n\
         max_qos_bytes_pending_per_client 1073741824\nclient_max_write_buffer_size 1073741824\n\
         listen {{\n  protocol mqtt\n  inet_protocol ip4\n  inet4_bind_address {}\n  port {}\n\
         \x20 tcp_nodelay true\n}}\n",
        address.ip(),
        address.port()
    );
    let file = directory.join("flashmq.conf");
    fs::write(&file, text)?;
    let mut command = Command::new(binary);
    command.arg("--config-file").arg(file);
    Ok(command)
}

/// Runs rumqttd in this process until it is killed.
pub(crate) fn serve_rumqttd(address: SocketAddr) -> Result<()> {
    let config = serde_json::json!({
        "id": 0,
        "router": {
            "id": 0, "max_connections": 1000, "max_outgoing_packet_count": 200,
            "max_segment_size": 104_857_600, "max_segment_count": 10,
        },
        "v4": { "1": {
            "name": "v4", "listen": address.to_string(), "next_connection_delay_ms": 0,
            "connections": {
                "connection_timeout_ms": 60_000, "max_payload_size": 20_480,
                "max_inflight_count": 100, "dynamic_filters": true,
            },
        }},
    });
    let config: rumqttd::Config = serde_json::from_value(config)?;
    rumqttd::Broker::new(config).start().context("rumqttd stopped")
}
