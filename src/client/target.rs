//! An MQTT address as people write it.

use std::fmt;
use std::str::FromStr;

/// `mqtt://host:port`, or `mqtts://` in TLS; the port may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Whether it is spoken to in TLS.
    pub(crate) secure: bool,
    /// Host name or address.
    pub(crate) host: String,
    /// TCP port.
    pub(crate) port: u16,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no MQTT address; write mqtt://127.0.0.1:1883");
        let (secure, rest) = match text.split_once("://") {
            Some(("mqtt" | "tcp", rest)) => (false, rest),
            Some(("mqtts" | "ssl", rest)) => (true, rest),
            Some(_) => return Err(wrong()),
            None => (false, text),
        };
        let rest = rest.trim_end_matches('/');
        let (host, port) = match rest.rsplit_once(':') {
            // Colons before the last one are those of an address without brackets.
            Some((host, port)) if host.ends_with(']') || !host.contains(':') => {
                (host, port.parse().map_err(|_| wrong())?)
            }
            _ => (rest, if secure { 8883 } else { 1883 }),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(wrong());
        }
        Ok(Self { secure, host: host.to_owned(), port })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secure, host, port } = self;
        let scheme = if *secure { "mqtts" } else { "mqtt" };
        if host.contains(':') {
            return write!(f, "{scheme}://[{host}]:{port}");
        }
        write!(f, "{scheme}://{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_as_people_write_them() {
        let parse = |text: &str| text.parse::<Target>().map(|t| (t.host, t.port));
        assert_eq!(parse("mqtt://127.0.0.1:1884"), Ok(("127.0.0.1".into(), 1884)));
        assert_eq!(parse("localhost"), Ok(("localhost".into(), 1883)));
        assert_eq!(parse("tcp://[::1]:99/"), Ok(("::1".into(), 99)));
        assert_eq!(parse("::1"), Ok(("::1".into(), 1883)));
        let shown = |text: &str| text.parse::<Target>().unwrap().to_string();
        assert_eq!(shown("tcp://[::1]:99"), "mqtt://[::1]:99");
        assert_eq!(shown("localhost"), "mqtt://localhost:1883");
        assert_eq!(shown("ssl://hub"), "mqtts://hub:8883");
        assert_eq!(shown("mqtts://hub:1"), "mqtts://hub:1");
        assert!(parse("http://x").is_err() && parse("mqtt://").is_err());
        assert!(parse("host:port").is_err());
    }
}
