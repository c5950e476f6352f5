//! A running hub on free ports and a data directory of its own.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::needs;

/// A directory that goes when its test does.
#[derive(Debug)]
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("uns-test-{}-{n}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary directory takes folders");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// How long a test waits for what must happen in the end: so long that a slow machine with other work
/// makes it too. What a promise bounds in time has a bound of its own.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The bound of a promise in time. It holds in the long form, on a machine with nothing else to do;
/// elsewhere only what hangs can be told from what is slow.
pub(crate) fn within(promised: Duration) -> Duration {
    if soak() { promised } else { PATIENCE }
}

/// Free ports of MQTT and HTTP.
const ANY: (SocketAddr, SocketAddr) = {
    let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
    (any, any)
};

/// The `uns` binary under test.
pub(crate) fn uns() -> Command {
    Command::new(env!("CARGO_BIN_EXE_uns"))
}

/// A hub process; dropping it kills it.
#[derive(Debug)]
pub(crate) struct Hub {
    child: Child,
    pub(crate) mqtt: SocketAddr,
    pub(crate) http: SocketAddr,
    ready: Value,
    directory: PathBuf,
}

impl Hub {
    /// Starts a hub in `directory`; what was there is kept.
    pub(crate) fn start(directory: &Path) -> Self {
        Self::start_with(directory, &[])
    }

    /// Starts it with further `--set` entries.
    pub(crate) fn start_with(directory: &Path, set: &[&str]) -> Self {
        Self::start_at(directory, ANY, set)
    }

    /// Starts it on given addresses, so that clients find it again.
    pub(crate) fn start_at(
        directory: &Path,
        addresses: (SocketAddr, SocketAddr),
        set: &[&str],
    ) -> Self {
        Self::spawn(directory, uns(), addresses, set)
    }

    /// Starts it open to other machines, on free ports.
    pub(crate) fn start_public(directory: &Path) -> Self {
        Self::start_public_as(uns(), directory)
    }

    /// The same with an environment of its own.
    pub(crate) fn start_public_as(uns: Command, directory: &Path) -> Self {
        let set = ["mqtt.tls.listen=0.0.0.0:0", "http.tls.listen=0.0.0.0:0"];
        let set = ["--public", "--public-name=hub.test", set[0], set[1]];
        Self::spawn(directory, uns, ANY, &set)
    }

    /// Starts it with these environment variables.
    pub(crate) fn start_in(directory: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = uns();
        command.envs(environment.iter().copied());
        Self::spawn(directory, command, ANY, &[])
    }

    /// Starts it under another program, such as a tracer, which ends with it.
    pub(crate) fn start_under(directory: &Path, program: &[&str]) -> Self {
        Self::start_under_with(directory, program, &[])
    }

    /// The same with further `--set` entries.
    pub(crate) fn start_under_with(directory: &Path, program: &[&str], set: &[&str]) -> Self {
        let mut command = Command::new(program[0]);
        command.args(&program[1..]).arg(env!("CARGO_BIN_EXE_uns"));
        Self::spawn(directory, command, ANY, set)
    }

    fn spawn(
        directory: &Path,
        mut command: Command,
        (mqtt, http): (SocketAddr, SocketAddr),
        set: &[&str],
    ) -> Self {
        let ready = directory.join("ready.json");
        drop(fs::remove_file(&ready));
        let log = fs::File::create(directory.join("stderr.log")).expect("a log file");
        command.arg("run").arg("--data").arg(directory.join("data"));
        command.arg("--ready-file").arg(&ready);
        command.args(["--set", &format!("mqtt.listen={mqtt}")]);
        command.args(["--set", &format!("http.listen={http}")]);
        for entry in set {
            // Flags of `uns run` come as they are.
            let flag = entry.starts_with("--");
            command.args(if flag { None } else { Some("--set") }).arg(entry);
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the binary under test starts");
        let directory = directory.to_path_buf();
        let mut hub = Self { child, mqtt, http, ready: Value::Null, directory };
        hub.ready = hub.await_ready(&ready);
        (hub.mqtt, hub.http) = (hub.address("mqtt"), hub.address("http"));
        hub
    }

    /// An address of the ready file.
    pub(crate) fn address(&self, key: &str) -> SocketAddr {
        self.ready[key].as_str().and_then(|a| a.parse().ok()).expect("an address")
    }

    fn await_ready(&mut self, ready: &Path) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(text) = fs::read_to_string(ready) {
                return serde_json::from_str(&text).expect("the ready file is JSON");
            }
            if let Ok(Some(status)) = self.child.try_wait() {
                panic!("the hub ended with {status}: {}", self.log());
            }
            assert!(Instant::now() < deadline, "the hub is not ready: {}", self.log());
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What the hub wrote to standard error.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.directory.join("stderr.log")).unwrap_or_default()
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// `uns` with these arguments on its data directory; what goes in and what came out.
    pub(crate) fn uns(&self, args: &[&str], input: &str) -> Output {
        use std::io::Write as _;
        let mut child = uns()
            .args(args)
            .arg("--data")
            .arg(self.data())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary under test starts");
        let mut stdin = child.stdin.take().expect("a pipe");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        child.wait_with_output().expect("it ends")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The process's memory now, and the most it ever had.
    pub(crate) fn memory(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("the hub runs");
        let kib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).expect("a line");
            line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).expect("a number")
        };
        (kib("VmRSS:") * 1024, kib("VmHWM:") * 1024)
    }

    /// The process's memory now without pages of files, which the kernel can have again.
    pub(crate) fn own_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("the hub runs");
        let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).expect("a line");
        let kib = line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok());
        kib.expect("a number") * 1024
    }

    /// How long its threads have run.
    pub(crate) fn cpu_time(&self) -> Duration {
        let tasks = fs::read_dir(format!("/proc/{}/task", self.pid())).expect("the hub runs");
        let ran = |task: fs::DirEntry| {
            let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        };
        Duration::from_nanos(tasks.flatten().filter_map(ran).sum())
    }

    /// The sum of the metrics whose names begin so.
    pub(crate) fn counted(&self, name: &str) -> u64 {
        let metrics = self.fetch("/metrics").1;
        let of = |line: &str| line.rsplit(' ').next().and_then(|n| n.parse::<u64>().ok());
        metrics.lines().filter(|line| line.starts_with(name)).filter_map(of).sum()
    }

    /// How many descriptors the process has open.
    pub(crate) fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.pid())).expect("the hub runs").count()
    }

    /// `mqtt://…`
    pub(crate) fn mqtt_url(&self) -> String {
        format!("mqtt://{}", self.mqtt)
    }

    /// GET below `/api/v1/uns/`; the answer must be 200 JSON. It covers all that was committed, which
    /// threads of low priority go through first: on a busy machine they may need longer than one
    /// request may take.
    pub(crate) fn get(&self, call: &str) -> Value {
        let deadline = Instant::now() + 2 * PATIENCE;
        loop {
            let (status, body) = self.fetch(&format!("/api/v1/uns/{call}"));
            if status == 504 && Instant::now() < deadline {
                continue;
            }
            assert_eq!(status, 200, "{call}: {body}");
            return serde_json::from_str(&body).expect("JSON");
        }
    }

    /// GET any path, as curl does; status and body.
    pub(crate) fn fetch(&self, path: &str) -> (u16, String) {
        curl(&["-s", "-w", "\n%{http_code}", &format!("http://{}{path}", self.http)])
    }

    /// POST JSON below `/api/v1/uns/`.
    pub(crate) fn post(&self, call: &str, body: &str) -> (u16, String) {
        let url = format!("http://{}/api/v1/uns/{call}", self.http);
        let json = "Content-Type: application/json";
        curl(&["-s", "-w", "\n%{http_code}", "-H", json, "-d", body, &url])
    }

    /// DELETE below `/api/v1/uns/`.
    pub(crate) fn delete(&self, call: &str) -> (u16, String) {
        let url = format!("http://{}/api/v1/uns/{call}", self.http);
        curl(&["-s", "-w", "\n%{http_code}", "-X", "DELETE", &url])
    }

    /// `mosquitto_pub` with these arguments.
    pub(crate) fn mosquitto_pub(&self, args: &[&str]) {
        let mut command = Command::new("mosquitto_pub");
        command.args(["-h", "127.0.0.1", "-p", &self.mqtt.port().to_string()]).args(args);
        let output = command.output().expect("mosquitto_pub is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Every raw sample of a topic, over all pages.
    pub(crate) fn history(&self, topic: &str, more: &str) -> Vec<Value> {
        let mut samples = Vec::new();
        let mut after = String::new();
        loop {
            let topic = topic.replace(' ', "%20");
            let page = self.get(&format!("history?topic={topic}{more}&limit=50000{after}"));
            samples.extend(page["samples"].as_array().expect("samples").iter().cloned());
            let Some(next) = page["next"].as_str() else { return samples };
            after = format!("&after={next}");
        }
    }

    /// Kills it as a power cut of the process would.
    pub(crate) fn kill_nine(&mut self) {
        self.child.kill().expect("the hub runs");
        self.child.wait().expect("the hub ends");
    }

    /// Asks it to stop, as systemd does, and waits; answers how long it took.
    pub(crate) fn stop(&mut self) -> Duration {
        let began = Instant::now();
        let done = Command::new("kill").arg(self.pid().to_string()).status().expect("kill runs");
        assert!(done.success());
        let status = self.child.wait().expect("the hub ends");
        assert!(status.success(), "stopped with {status}: {}", self.log());
        began.elapsed()
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// curl with these arguments, the last line of its output the status.
pub(crate) fn curl(args: &[&str]) -> (u16, String) {
    let output = Command::new("curl").args(args).output().expect("curl is installed");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let (body, status) = text.rsplit_once('\n').expect("curl printed a status");
    (status.parse().expect("a status"), body.to_owned())
}

/// Runs a `uns` sub-command to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    uns().args(args).stdin(Stdio::null()).output().expect("the binary under test starts")
}

/// Whether the long forms of tests are asked for.
pub(crate) fn soak() -> bool {
    std::env::var_os("UNS_SOAK").is_some()
}

/// Whether this user may trace processes; where not, that must have been named.
pub(crate) fn may_trace() -> bool {
    let mut command = Command::new("strace");
    command.args(["-o", "/dev/null", "true"]);
    needs::have("strace", command.output().is_ok_and(|output| output.status.success()))
}

/// Makes certificate and key for `localhost`, vouching for itself; what tells the hub of them.
pub(crate) fn certificate(directory: &Path) -> Vec<String> {
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a pair");
    let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
    fs::write(&certificate, pair.cert.pem()).expect("a file");
    fs::write(&key, pair.signing_key.serialize_pem()).expect("a file");
    let set = |name: &str, path: &Path| format!("mqtt.tls.{name}={}", path.display());
    vec![set("certificate", &certificate), set("key", &key)]
}

/// The folder of programs and packages that `make test` installed.
fn installed() -> PathBuf {
    let home = std::env::var_os("HOME").map(PathBuf::from).expect("HOME is set");
    std::env::var_os("UNS_TEST_PYTHON")
        .map(PathBuf::from)
        .and_then(|python| Some(python.parent()?.parent()?.to_path_buf()))
        .unwrap_or_else(|| home.join(".cache/uns-hub/venv"))
}

/// Runs a Python program of `tests/peers` with the packages `make test` installed; it must
/// succeed, and what it printed comes back.
pub(crate) fn peers(script: &str, args: &[&str]) -> String {
    let python = installed().join("bin/python");
    assert!(python.exists(), "{} is missing: run `make test` once", python.display());
    // `-B`: no caches beside the sources.
    said(Command::new(python).arg("-B").arg(peer(script)).args(args))
}

/// The same under another program.
pub(crate) fn peers_under(program: &[&str], script: &str, args: &[&str]) -> String {
    let python = installed().join("bin/python");
    assert!(python.exists(), "{} is missing: run `make test` once", python.display());
    let mut command = Command::new(program[0]);
    said(command.args(&program[1..]).arg(python).arg("-B").arg(peer(script)).args(args))
}

/// Where the packages from npm are; `None` where Node was named as absent.
pub(crate) fn npm() -> Option<PathBuf> {
    if !needs::have("node", Command::new("node").arg("--version").output().is_ok()) {
        return None;
    }
    let modules = installed().join("npm/node_modules");
    assert!(modules.exists(), "{} is missing: run `make test` once", modules.display());
    Some(modules)
}

/// Runs a Node program of `tests/peers` in the same way, if there is Node.
pub(crate) fn node_peers(script: &str, args: &[&str]) {
    if let Some(modules) = npm() {
        said(Command::new("node").env("NODE_PATH", modules).arg(peer(script)).args(args));
    }
}

fn peer(script: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(script)
}

fn said(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}
