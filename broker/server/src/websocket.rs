//! The server's side of WebSocket frames (RFC 6455). Payloads are unmasked in place as they arrive, so
//! a frame is never collected in memory, whatever its length.

/// The longest payload of a control frame.
const CONTROL_MAX: usize = 125;
/// The longest header: two bytes, eight bytes of length, four bytes of mask.
const HEAD_MAX: usize = 14;
/// A ping is not answered while more bytes than this wait to be written.
const REPLIES_MAX: usize = 16 << 10;

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// How a client violated the protocol, as the code of the close frame it gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
enum Violation {
    Protocol = 1002,
    Text = 1003,
    TooLong = 1009,
}

/// Whether more frames may come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FramesState {
    /// More frames may come.
    Open,
    /// The client sent a close frame.
    Closed,
    /// The client violated the protocol.
    Violated,
}

/// The part of a frame that the next bytes belong to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Head,
    Data,
    Control(u8),
}

/// Decodes the frames of one client.
#[derive(Debug)]
pub(crate) struct Deframer {
    frame_bytes_max: u64,
    part: Part,
    state: FramesState,
    /// Bytes of the payload that are still to come.
    left: u64,
    mask: [u8; 4],
    /// Whether the next data frame continues a message.
    fragmented: bool,
    /// The beginning of a header, or the payload of a control frame.
    held: Vec<u8>,
}

impl Deframer {
    pub(crate) fn new(frame_bytes_max: u64) -> Self {
        Self {
            frame_bytes_max,
            part: Part::Head,
            state: FramesState::Open,
            left: 0,
            mask: [0; 4],
            fragmented: false,
            held: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> FramesState {
        self.state
    }

    /// Moves the payload of data frames to the front of `bytes` and returns its length. Frames to
    /// send in answer are appended to `replies`.
    pub(crate) fn decode(&mut self, bytes: &mut [u8], replies: &mut Vec<u8>) -> usize {
        let (mut from, mut to) = (0, 0);
        while from < bytes.len() && self.state == FramesState::Open {
            let outcome = match self.part {
                Part::Head => self.head(bytes.get(from..).unwrap_or_default()),
                Part::Data => {
                    let count = self.take(bytes.len() - from);
                    bytes.copy_within(from..from + count, to);
                    self.unmask(bytes.get_mut(to..to + count).unwrap_or_default());
                    to += count;
                    Ok(count)
                }
                Part::Control(opcode) => {
                    let count = self.take(bytes.len() - from);
                    let payload = bytes.get_mut(from..from + count).unwrap_or_default();
                    self.unmask(payload);
                    self.held.extend_from_slice(payload);
                    if self.left == 0 {
                        self.control(opcode, replies);
                    }
                    Ok(count)
                }
            };
            match outcome {
                Ok(count) => from += count,
                Err(violation) => {
                    self.state = FramesState::Violated;
                    close(violation as u16, replies);
                }
            }
            if self.left == 0 && self.part == Part::Data {
                self.part = Part::Head;
            }
            // A control frame without payload is complete with its header.
            if let (0, Part::Control(opcode), FramesState::Open) =
                (self.left, self.part, self.state)
            {
                self.control(opcode, replies);
            }
        }
        to
    }

    /// How many of the next `most` bytes belong to this payload.
    fn take(&mut self, most: usize) -> usize {
        let count = usize::try_from(self.left).map_or(most, |left| left.min(most));
        self.left -= count as u64;
        count
    }

    fn unmask(&mut self, payload: &mut [u8]) {
        let [a, b, c, d] = self.mask;
        let wide = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let mut words = payload.chunks_exact_mut(8);
        for word in &mut words {
            if let Ok(eight) = <[u8; 8]>::try_from(&*word) {
                word.copy_from_slice(&(u64::from_ne_bytes(eight) ^ wide).to_ne_bytes());
            }
        }
        let rest = words.into_remainder();
        rest.iter_mut().zip([a, b, c, d].iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
        self.mask.rotate_left(rest.len() % 4);
    }

    /// Collects a header. Returns how many bytes it used.
    fn head(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        let before = self.held.len();
        self.held.extend(bytes.iter().take(HEAD_MAX - before));
        let Some(head) = Head::parse(&self.held)? else { return Ok(self.held.len() - before) };
        self.held.clear();
        self.begin(&head)?;
        Ok(head.size - before)
    }

    fn begin(&mut self, head: &Head) -> Result<(), Violation> {
        (self.left, self.mask) = (head.length, head.mask);
        let control = head.opcode >= CLOSE;
        self.part = if control { Part::Control(head.opcode) } else { Part::Data };
        match head.opcode {
            CLOSE | PING | PONG if head.last && head.length <= CONTROL_MAX as u64 => Ok(()),
            CONTINUATION if self.fragmented => self.data(head),
            BINARY if !self.fragmented => self.data(head),
            TEXT if !self.fragmented => Err(Violation::Text),
            _ => Err(Violation::Protocol),
        }
    }

    fn data(&mut self, head: &Head) -> Result<(), Violation> {
        self.fragmented = !head.last;
        if head.length > self.frame_bytes_max { Err(Violation::TooLong) } else { Ok(()) }
    }

    /// Acts on a complete control frame.
    fn control(&mut self, opcode: u8, replies: &mut Vec<u8>) {
        match opcode {
            PING if replies.len() <= REPLIES_MAX => {
                frame_head(PONG, self.held.len(), replies);
                replies.extend_from_slice(&self.held);
            }
            CLOSE => {
                self.state = FramesState::Closed;
                match *self.held.as_slice() {
                    [] => frame_head(CLOSE, 0, replies),
                    [high, low, ..] if may_be_sent(u16::from_be_bytes([high, low])) => {
                        close(u16::from_be_bytes([high, low]), replies);
                    }
                    _ => close(Violation::Protocol as u16, replies),
                }
            }
            _ => {}
        }
        self.held = Vec::new();
        self.part = Part::Head;
    }
}

/// Whether a close frame may carry this code.
fn may_be_sent(code: u16) -> bool {
    matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
}

#[derive(Debug)]
struct Head {
    last: bool,
    opcode: u8,
    length: u64,
    mask: [u8; 4],
    size: usize,
}

impl Head {
    /// Reads a header; `None` if it is incomplete.
    fn parse(bytes: &[u8]) -> Result<Option<Self>, Violation> {
        let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
        // Reserved bits are for extensions, and none was negotiated. Clients must mask their frames.
        if first & 0x70 != 0 || second & 0x80 == 0 {
            return Err(Violation::Protocol);
        }
        let (length, rest) = match second & 0x7F {
            126 => {
                let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (u64::from(u16::from_be_bytes(*length)), rest)
            }
            127 => {
                let Some((length, rest)) = rest.split_first_chunk() else { return Ok(None) };
                (u64::from_be_bytes(*length), rest)
            }
            short => (u64::from(short), rest),
        };
        let Some((mask, rest)) = rest.split_first_chunk() else { return Ok(None) };
        let size = bytes.len() - rest.len();
        Ok(Some(Self { last: first & 0x80 != 0, opcode: first & 0x0F, length, mask: *mask, size }))
    }
}

/// Appends a binary frame with this payload.
pub(crate) fn binary(payload: &[u8], out: &mut Vec<u8>) {
    frame_head(BINARY, payload.len(), out);
    out.extend_from_slice(payload);
}

/// Appends a close frame with this code.
pub(crate) fn close(code: u16, out: &mut Vec<u8>) {
    frame_head(CLOSE, 2, out);
    out.extend_from_slice(&code.to_be_bytes());
}

fn frame_head(opcode: u8, length: usize, out: &mut Vec<u8>) {
    out.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.push(short),
        (_, Ok(middle)) => {
            out.push(126);
            out.extend_from_slice(&middle.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
