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

    /// The identifier a PUBACK at the start of these bytes acknowledges.
    pub(crate) fn acknowledges(self, bytes: &[u8]) -> Option<u16> {
        let id = bytes.get(self.header..)?.first_chunk()?;
        (self.kind() == 4).then(|| u16::from_be_bytes(*id))
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

/// The payload of each message: a number with a time of the load's clock in it, as a plant would
/// send it.
pub(crate) fn payload(stamp: u64) -> [u8; PAYLOAD] {
    let mut bytes = *b"{\"value\":0000000000000000,\"unit\":\"mm/s at the spindle, bench\"}  ";
    let mut left = STAMP_BASE + stamp % STAMP_BASE;
    for digit in bytes[STAMP].iter_mut().rev() {
        *digit = b'0' + (left % 10) as u8;
        left /= 10;
    }
    bytes
}

/// The time in a payload.
pub(crate) fn stamp(payload: &[u8]) -> u64 {
    let digits = payload.get(STAMP).unwrap_or_default();
    let number = digits.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    number.saturating_sub(STAMP_BASE)
}

/// Payload bytes of each message.
pub(crate) const PAYLOAD: usize = 64;
const STAMP: std::ops::Range<usize> = 9..25;
/// Keeps every number at sixteen digits.
const STAMP_BASE: u64 = 1_000_000_000_000_000;

/// SUBSCRIBE to one filter.
pub(crate) fn subscribe(filter: &str, qos: u8) -> Vec<u8> {
    let mut body = vec![0, 1];
    string(filter, &mut body);
    body.push(qos);
    with_header(0x82, &body)
}

/// UNSUBSCRIBE from one filter.
pub(crate) fn unsubscribe(filter: &str) -> Vec<u8> {
    let mut body = vec![0, 1];
    string(filter, &mut body);
    with_header(0xa2, &body)
}

/// How a message is published.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Form {
    pub(crate) qos: u8,
    pub(crate) retain: bool,
}

/// Appends a PUBLISH.
pub(crate) fn publish(topic: &str, form: Form, id: u16, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x30 | (form.qos << 1) | u8::from(form.retain));
    length(2 + topic.len() + 2 * usize::from(form.qos > 0) + payload.len(), out);
    string(topic, out);
    if form.qos > 0 {
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
