//! Who holds a port that is taken, so that the error can say so.

use std::fmt;
use std::fs;
use std::net::SocketAddr;

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    name: String,
    pub(crate) pid: u32,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (pid {})", self.name, self.pid)
    }
}

/// The process listening on this port, where the system tells.
pub(crate) fn owner(address: SocketAddr) -> Option<Owner> {
    let inode = listening_inode(address.port())?;
    let wanted = format!("socket:[{inode}]");
    for process in fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name().into_string().ok()?;
        if !pid.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else { continue };
        let holds = descriptors
            .flatten()
            .any(|fd| fs::read_link(fd.path()).is_ok_and(|to| to.as_os_str() == wanted.as_str()));
        if holds {
            let name = fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(Owner { name: name.trim().to_owned(), pid: pid.parse().ok()? });
        }
    }
    None
}

/// The socket inode that listens on `port`, from the kernel's tables.
fn listening_inode(port: u16) -> Option<String> {
    const LISTEN: &str = "0A";
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let Ok(text) = fs::read_to_string(table) else { continue };
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, _, state, _, _, _, _, _, inode, ..] = fields.as_slice() else {
                continue;
            };
            let local_port = local.rsplit(':').next().and_then(|p| u16::from_str_radix(p, 16).ok());
            if *state == LISTEN && local_port == Some(port) {
                return Some((*inode).to_owned());
            }
        }
    }
    None
}

/// The sentence for an address that cannot be bound.
pub(crate) fn taken(key: &str, address: SocketAddr) -> String {
    let by = owner(address).map(|o| format!(" by {o}")).unwrap_or_default();
    format!("{address} is taken{by}; move it with --set {key}={}:0 or another port", address.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_this_process_as_the_owner_of_its_own_port() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let text = taken("mqtt.listen", listener.local_addr().unwrap());
        assert!(text.contains(&format!("pid {}", std::process::id())), "{text}");
        assert!(text.contains("--set mqtt.listen=127.0.0.1:0"), "{text}");
    }
}
