//! Configuration: every key documented, every mistake named.

use std::io::Write as _;

use super::keys::KEYS;
use super::*;

fn error(set: &[&str]) -> String {
    let set: Vec<String> = set.iter().map(|s| (*s).to_owned()).collect();
    format!("{:#}", load(None, &set).expect_err("must be refused"))
}

#[test]
fn every_key_has_its_line_and_every_line_its_key() {
    fn walk(path: &str, value: &toml::Value, keys: &mut Vec<String>) {
        let Some(table) = value.as_table() else { return keys.push(path.to_owned()) };
        for (name, inner) in table {
            walk(&format!("{path}.{name}"), inner, keys);
        }
    }
    let table = toml::Table::try_from(Config::default()).unwrap();
    let mut keys: Vec<String> = Vec::new();
    table.iter().for_each(|(section, inner)| walk(section, inner, &mut keys));
    let mut documented: Vec<String> = KEYS.iter().map(|(k, _)| (*k).to_owned()).collect();
    keys.sort();
    documented.sort();
    assert_eq!(keys, documented);
}

#[test]
fn the_reference_reads_back_as_itself() {
    let text = reference(&Config::default());
    let mut file = tempfile();
    file.1.write_all(text.as_bytes()).unwrap();
    let again = load(Some(&file.0), &[]).unwrap();
    std::fs::remove_file(&file.0).unwrap();
    assert_eq!(reference(&again), text);
}

#[test]
fn set_takes_numbers_strings_lists_and_addresses() {
    let set =
        ["mqtt.listen=127.0.0.1:0", "mqtt.cores=3", "http.hosts=[\"hub.local\"]", "log.keep=2d"];
    let config = load(None, &set.map(str::to_owned)).unwrap();
    assert_eq!(config.mqtt.listen.port(), 0);
    assert_eq!(config.mqtt.cores, 3);
    assert_eq!(config.http.hosts, ["hub.local"]);
    assert_eq!(config.log.keep.0.as_secs(), 172_800);
}

#[test]
fn mistakes_name_key_and_origin() {
    let unknown = error(&["mqtt.lisen=127.0.0.1:0"]);
    assert!(unknown.contains("--set mqtt.lisen=127.0.0.1:0"), "{unknown}");
    assert!(unknown.contains("did you mean `mqtt.listen`"), "{unknown}");
    let public = error(&["mqtt.listen=0.0.0.0:1883"]);
    assert!(public.contains("mqtt.listen") && public.contains("loopback"), "{public}");
    let size = error(&["mqtt.packet_bytes_max=12"]);
    assert!(size.contains("mqtt.packet_bytes_max"), "{size}");
    let zone = error(&["namespace.zone=Mars/Base"]);
    assert!(zone.contains("Mars/Base"), "{zone}");
    for (set, said) in [
        ("log.keep_percent=99", "1 to 90"),
        ("mqtt.cores=100000", "0 to 256"),
        ("mqtt.keep_alive_max=100h", "mqtt.keep_alive_max = 100h is out of range; it takes 1s to"),
        ("mqtt.packet_bytes_max=999GiB", "999GiB is out of range; it takes 1KiB to 32MiB"),
        ("namespace.nodes_max=0", "1 to 100000000"),
        ("namespace.command_expiry_max=0s", "it takes 1s to 1d"),
        ("namespace.fields_max=2000", "2000 is out of range; it takes 0 to 1024"),
        ("namespace.fields_depth_max=33", "33 is out of range; it takes 1 to 32"),
        ("mqtt.connect_timeout=5", "expected a duration with its unit: 500ms"),
        ("history.memory=5", "expected a size with its unit: 512B"),
        ("mqtt.listen=localhost", "such as 127.0.0.1:1883"),
        ("http.hosts=plant.local", "such as [\"plant.local\"]"),
        ("mqtt.cores=-1", "a whole number"),
        ("namespace.names=all", "`all` is none of portable, any"),
        ("tracing.filter=inof", "`inof` is none of off, error"),
    ] {
        let text = error(&[set]);
        assert!(text.contains(said), "{set}: {text}");
    }
    load(None, &["tracing.filter=info,broker_server=debug".to_owned()]).unwrap();
}

#[test]
fn listeners_of_other_transports() {
    let files = ["mqtt.tls.certificate=/c.pem", "mqtt.tls.key=/k.pem"];
    let set =
        ["mqtt.tls.listen=127.0.0.1:8883", "mqtt.websocket.listen=[::1]:0", files[0], files[1]];
    let config = load(None, &set.map(str::to_owned)).unwrap();
    let keys: Vec<_> = config.mqtt.addresses().map(|(key, _)| key).collect();
    assert_eq!(keys, ["mqtt.listen", "mqtt.tls.listen", "mqtt.websocket.listen"]);
    for key in ["mqtt.tls.listen", "mqtt.websocket.listen", "mqtt.websocket_tls.listen"] {
        let public = error(&[&format!("{key}=0.0.0.0:1"), files[0], files[1]]);
        assert!(public.contains(key) && public.contains("loopback"), "{public}");
        let word = error(&[&format!("{key}=everywhere")]);
        assert!(word.contains("everywhere"), "{word}");
    }
    for key in ["mqtt.tls.listen", "mqtt.websocket_tls.listen"] {
        let bare = error(&[&format!("{key}=127.0.0.1:1"), files[0]]);
        assert!(bare.contains(key) && bare.contains("mqtt.tls.key"), "{bare}");
    }
    let optional = error(&["mqtt.tls.client_certificate=optional"]);
    assert!(optional.contains("mqtt.tls.client_ca"), "{optional}");
    let unknown = error(&["mqtt.tls.certficate=/c.pem"]);
    assert!(unknown.contains("did you mean `mqtt.tls.certificate`"), "{unknown}");
}

#[test]
fn a_bad_file_is_named() {
    let mut file = tempfile();
    file.1.write_all(b"[http]\nlisten = \"nowhere\"\n").unwrap();
    let text = format!("{:#}", load(Some(&file.0), &[]).expect_err("must be refused"));
    std::fs::remove_file(&file.0).unwrap();
    assert!(text.contains(&file.0.display().to_string()), "{text}");
    assert!(text.contains("http.listen"), "{text}");
    let folder = std::env::temp_dir();
    let text = format!("{:#}", load(Some(&folder), &[]).expect_err("a folder is no file"));
    assert!(text.ends_with("is no file"), "{text}");
}

fn tempfile() -> (std::path::PathBuf, std::fs::File) {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("uns-config-{}-{n}.toml", std::process::id()));
    let file = std::fs::File::create(&path).unwrap();
    (path, file)
}

fn fitted(mib: Option<u64>, given: &[&str]) -> [usize; 5] {
    let mut config = Config::default();
    config.fit(mib.map(|mib| mib << 20), &|key| given.contains(&key));
    let limits = &config.mqtt.limits;
    [
        config.log.memory,
        config.history.memory,
        limits.retained_bytes,
        config.mqtt.outbound_bytes_max,
        config.http.body_bytes_max,
    ]
    .map(|size| size.as_usize() >> 10)
}

#[test]
fn what_nobody_set_shrinks_with_the_memory() {
    let plenty = [64 << 10, 256 << 10, 1 << 20, 8 << 10, 8 << 10];
    assert_eq!(fitted(None, &[]), plenty);
    assert_eq!(fitted(Some(64 << 10), &[]), plenty);
    let little = [12 << 10, 6 << 10, 36 << 10, 3 << 10, 3 << 10];
    assert_eq!(fitted(Some(192), &[]), little);
    assert_eq!(fitted(Some(192), &["log.memory"])[0], plenty[0]);
    assert_eq!(fitted(Some(1), &[])[..2], [1 << 10, 1 << 10], "and no further");
}
