//! As much of MQTT 3.1.1 as the load needs, written out by hand.

/// DISCONNECT.
pub(crate) const DISCONNECT: [u8; 2] = [0xe0, 0];

/// A packet found at the start of a buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    first: u8,
    header: usize,
    /// Bytes of the whole packet.
    pub(crate) total: usize,
}

impl Packet {
    /// The packet type.
    pub(crate) fn kind(self) -> u8 {
        self.first >> 4
    }

    /// The QoS of a PUBLISH.
    pub(crate) fn qos(self) -> u8 {
        (self.first >> 1) & 3
    }
}

/// CONNECT with a clean session and ten minutes of keep-alive: rumqttd refuses to have none.
pub(crate) fn connect(client_id: &str) -> Vec<u8> {
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 2, 2, 88];
    string(client_id, &mut body);
    with_header(0x10, &body)
}

/// SUBSCRIBE to one filter.
pub(crate) fn subscribe(filter: &str, qos: u8) -> Vec<u8> {
    let mut body = vec![0, 1];
    string(filter, &mut body);
    body.push(qos);
    with_header(0x82, &body)
}

/// Appends a PUBLISH.
pub(crate) fn publish(topic: &str, qos: u8, id: u16, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x30 | (qos << 1));
    length(2 + topic.len() + 2 * usize::from(qos > 0) + payload.len(), out);
    string(topic, out);
    if qos > 0 {
        out.extend_from_slice(&id.to_be_bytes());
    }
    out.extend_from_slice(payload);
}

/// Appends the PUBACK for a received PUBLISH.
pub(crate) fn ack_for(packet: Packet, bytes: &[u8], out: &mut Vec<u8>) {
    let topic = usize::from(u16::from_be_bytes([bytes[packet.header], bytes[packet.header + 1]]));
    let id = packet.header + 2 + topic;
    out.extend_from_slice(&[0x40, 2, bytes[id], bytes[id + 1]]);
}

/// The packet at the start of the buffer, once it is whole.
pub(crate) fn packet(bytes: &[u8]) -> Option<Packet> {
    let first = *bytes.first()?;
    let mut remaining = 0;
    for i in 0..4 {
        let byte = *bytes.get(1 + i)?;
        remaining |= usize::from(byte & 0x7f) << (7 * i);
        if byte & 0x80 == 0 {
            let header = 2 + i;
            let total = header + remaining;
            return (bytes.len() >= total).then_some(Packet { first, header, total });
        }
    }
    None
}

fn with_header(first: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![first];
    length(body.len(), &mut out);
    out.extend_from_slice(body);
    out
}

fn length(mut value: usize, out: &mut Vec<u8>) {
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        out.push(low | if value > 0 { 0x80 } else { 0 });
        if value == 0 {
            return;
        }
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}
