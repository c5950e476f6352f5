//! `uns run --public`: other machines get in by TLS and a log-in, and by nothing else.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::hub::{Hub, PATIENCE, Scratch, certificate, curl, peers, run};

/// A public hub, the admin's `name:password` and the path of its CA.
fn start(scratch: &Scratch) -> (Hub, String, String) {
    let hub = Hub::start_public(scratch.path());
    let password = fs::read_to_string(hub.data().join("first-password")).expect("the password");
    let ca = hub.data().join("tls/ca.pem").display().to_string();
    (hub, password.trim().to_owned(), ca)
}

fn mosquitto_pub(host: &str, port: u16, more: &[&str]) -> bool {
    let output = Command::new("mosquitto_pub")
        .args(["-h", host, "-p", &port.to_string(), "-q", "1", "-t", "uns/v1/acme/a", "-m", "7"])
        .args(more)
        .output();
    output.expect("mosquitto_pub is installed").status.success()
}

#[test]
fn mqtt_and_https_with_the_ca_it_made() {
    let scratch = Scratch::new();
    let (hub, password, ca) = start(&scratch);
    let (mqtts, https) = (hub.address("mqtt_tls").port(), hub.address("https").port());
    let log_in = ["-u", "admin", "-P", &password];
    let trusting = [&log_in[..], &["--cafile", &ca]].concat();
    assert!(mosquitto_pub("localhost", mqtts, &trusting));
    assert!(mosquitto_pub("127.0.0.1", mqtts, &trusting), "by address");
    assert!(!mosquitto_pub("localhost", mqtts, &["--cafile", &ca]), "without a log-in");
    assert!(mosquitto_pub("127.0.0.1", hub.mqtt.port(), &log_in), "on this machine");
    assert!(!mosquitto_pub("127.0.0.1", hub.mqtt.port(), &[]), "there too only with a log-in");

    let credentials = format!("admin:{password}");
    let get = |url: &str, more: &[&str]| {
        let base = ["-s", "-m", "10", "-w", "\n%{http_code}", "--cacert", &ca];
        curl(&[&base[..], more, &[url]].concat())
    };
    let current = format!("https://localhost:{https}/api/v1/uns/current");
    let (status, body) = get(&current, &["-u", &credentials]);
    assert!(status == 200 && body.contains("uns/v1/acme/a"), "{status} {body}");
    let named = format!("https://hub.test:{https}/api/v1/uns/current");
    let resolve = format!("hub.test:{https}:127.0.0.1");
    assert_eq!(get(&named, &["--resolve", &resolve, "-u", &credentials]).0, 200, "--public-name");
    assert_eq!(get(&current, &[]).0, 401);
    let (status, headers) = get(&current, &["-D", "-", "-o", "/dev/null"]);
    assert!(
        status == 401 && headers.to_lowercase().contains("www-authenticate: basic"),
        "{headers}"
    );
    assert_eq!(get(&current, &["-H", "Host: evil.example", "-u", &credentials]).0, 403);
    assert_eq!(get(&format!("https://localhost:{https}/healthz"), &[]).0, 200);
    let address = hub.address("https").to_string().replace("0.0.0.0", "127.0.0.1");
    peers("transports.py", &["wss", &address, "/mqtt", &ca, "", "", "admin", &password]);
}

#[test]
fn the_command_line_prints_what_works() {
    let scratch = Scratch::new();
    let (hub, _, _) = start(&scratch);
    let added = hub.uns(&["device", "add", "press 1", "--allow", "uns/v1/acme/#"], "");
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let said = String::from_utf8_lossy(&added.stdout).into_owned();
    let line = said.lines().find(|line| line.starts_with("mosquitto_pub")).expect("a line to try");
    assert!(line.contains("--cafile") && line.contains("-h hub.test"), "{line}");
    let own = said.lines().find(|line| line.starts_with("uns pub")).expect("another");
    assert!(own.contains("--mqtt mqtts://hub.test:") && own.contains("--cafile"), "{own}");
    // The name is for other machines; here it resolves to nothing.
    let here = [line, own].map(|line| line.replace("hub.test", "localhost")).join(" && ");
    let deadline = std::time::Instant::now() + PATIENCE;
    while !shell(&here).status.success() {
        assert!(std::time::Instant::now() < deadline, "{here}");
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
}

/// What a shell makes of a line in which `uns` is the one under test.
fn shell(line: &str) -> Output {
    let folder = Path::new(env!("CARGO_BIN_EXE_uns")).parent().expect("a folder");
    let others = std::env::var_os("PATH").unwrap_or_default();
    let path = format!("{}:{}", folder.display(), others.display());
    Command::new("sh").args(["-c", line]).env("PATH", path).output().expect("a shell")
}

#[test]
fn the_command_line_speaks_tls() {
    let scratch = Scratch::new();
    let (hub, password, ca) = start(&scratch);
    let secret = scratch.path().join("secret");
    fs::write(&secret, format!("{password}\n")).expect("a file");
    let port = hub.address("mqtt_tls").port();
    let uns = |command: &str, host: &str, more: &str| {
        let log_in = format!("-u admin --password-file {}", secret.display());
        let broker = format!("--mqtt mqtts://{host}:{port} --cafile {ca}");
        shell(&format!("timeout 60 uns {command} {broker} {log_in} {more}"))
    };
    let done = |output: Output| {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{said}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for host in ["localhost", "127.0.0.1"] {
        done(uns("pub uns/v1/acme/tls 7 --retain", host, ""));
    }
    assert_eq!(done(uns("sub uns/v1/acme/tls -n 1", "localhost", "")), "uns/v1/acme/tls 7\n");
    done(uns("demo --for 2s --topic uns/v1/acme/demo", "localhost", ""));
    let file = scratch.path().join("recording.csv");
    let rows: String = (0..5_000).map(|n| format!("{n}\n")).collect();
    fs::write(&file, format!("speed\n{rows}")).expect("a file");
    let replay =
        format!("replay {} --topic uns/v1/acme/replay --speed max --qos 1", file.display());
    done(uns(&replay, "localhost", ""));
    let https = format!("--http https://localhost:{} --cafile {ca}", hub.address("https").port());
    let log_in = format!("-u admin --password-file {}", secret.display());
    let read = |command: &str| done(shell(&format!("uns {command} {https} {log_in}")));
    assert!(read("get uns/v1/acme/tls").contains("uns/v1/acme/tls  7"));
    assert!(read("broker stats").contains("uptime"));
    assert_eq!(read("history uns/v1/acme/tls").lines().count(), 2);

    let failed = |output: Output, said: &str| {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && error.contains(said), "{error}");
    };
    failed(uns("pub a 1", "127.0.0.2", ""), "one of another name");
    let plain = format!("uns pub a 1 --mqtt mqtts://{} --cafile {ca}", hub.mqtt);
    failed(shell(&plain), "without TLS wants mqtt://");
    let page = format!("uns get --http https://{} --cafile {ca}", hub.http);
    failed(shell(&page), "wants http://");
    let nobody = format!("uns pub a 1 --mqtt mqtts://localhost:{port} --cafile {ca}");
    failed(shell(&nobody), "refused the log-in");
    certificate(scratch.path());
    let other = scratch.path().join("certificate.pem").display().to_string();
    failed(shell(&nobody.replace(&ca, &other)), "does not vouch for");
}

#[test]
fn the_open_ports_are_those_that_are_told() {
    let scratch = Scratch::new();
    let (hub, _, _) = start(&scratch);
    let output = Command::new("ss").args(["-Hltnp"]).output().expect("ss is installed");
    let own = format!("pid={},", hub.pid());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let listening = text.lines().filter(|line| line.contains(&own));
    let open: BTreeSet<String> =
        listening.filter_map(|line| line.split_whitespace().nth(3)).map(str::to_owned).collect();
    let told = ["mqtt", "mqtt_tls", "http", "https"].map(|key| hub.address(key).to_string());
    assert_eq!(open, told.into_iter().collect(), "{text}");
}

#[test]
fn other_machines_are_let_in_only_where_that_is_safe() {
    let scratch = Scratch::new();
    let data = scratch.path().join("x").display().to_string();
    let refused = |set: &[&str]| {
        let mut args = vec!["run", "--data", &data];
        args.extend(set.iter().flat_map(|entry| ["--set", *entry]));
        let output = run(&args);
        assert!(!output.status.success(), "{set:?} was taken");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = refused(&["mqtt.listen=0.0.0.0:0"]);
    assert!(said.contains("--public") && said.contains("access.anonymous"), "{said}");
    let said = refused(&["http.listen=0.0.0.0:0", "access.anonymous=never"]);
    assert!(said.contains("unencrypted") && said.contains("access.plaintext_passwords"), "{said}");
    let said = refused(&["http.tls.listen=127.0.0.1:0"]);
    assert!(said.contains("mqtt.tls.certificate"), "{said}");
    let mut hub = Hub::start_with(
        scratch.path(),
        &[
            "access.anonymous=never",
            "access.plaintext_passwords=true",
            "mqtt.websocket.listen=0.0.0.0:0",
        ],
    );
    assert!(hub.address("mqtt_websocket").ip().is_unspecified());
    hub.stop();
}
