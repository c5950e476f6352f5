//! Clients that say and hear bytes instead of packets.

use broker_codec::Version;

use super::{Net, Peered};

impl Net {
    /// Opens a connection whose client speaks this version, if it speaks at all.
    pub(crate) fn open_as(&mut self, core: usize, version: Version) -> Peered {
        let client = self.open(core);
        self.wires.get_mut(&client).expect("known").version = Some(version);
        client
    }

    /// Whatever bytes, without a flush.
    pub(crate) fn bytes(&mut self, from: Peered, bytes: &[u8]) {
        self.wires.get_mut(&from).expect("known").unread.extend_from_slice(bytes);
        self.offer(from);
    }

    /// The bytes a client received since the last call.
    pub(crate) fn heard(&mut self, client: Peered) -> Vec<u8> {
        std::mem::take(&mut self.wires.get_mut(&client).expect("known").out)
    }
}
