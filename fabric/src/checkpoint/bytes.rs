//! Writing and reading the primitives of a checkpoint, little-endian.

/// Grows a buffer.
#[derive(Debug, Default)]
pub struct Writer(Vec<u8>);

impl Writer {
    /// What is written so far.
    pub fn written(&self) -> &[u8] {
        &self.0
    }

    /// Begins again; the room stays.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What was written.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Bytes whose length the reader knows.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// One byte.
    pub fn u8(&mut self, number: u8) {
        self.0.push(number);
    }

    /// Two bytes.
    pub fn u16(&mut self, number: u16) {
        self.raw(&number.to_le_bytes());
    }

    /// Four bytes.
    pub fn u32(&mut self, number: u32) {
        self.raw(&number.to_le_bytes());
    }

    /// Eight bytes.
    pub fn u64(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    /// Eight bytes, two's complement.
    pub fn i64(&mut self, number: i64) {
        self.raw(&number.to_le_bytes());
    }

    /// Sixteen bytes.
    pub fn u128(&mut self, number: u128) {
        self.raw(&number.to_le_bytes());
    }

    /// One byte, 0 or 1.
    pub fn flag(&mut self, flag: bool) {
        self.u8(u8::from(flag));
    }

    /// A count of what follows, in four bytes.
    pub fn length(&mut self, length: usize) {
        self.u32(u32::try_from(length).expect("quotas and packets are below 2^32"));
    }

    /// Bytes behind their length.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.raw(bytes);
    }

    /// UTF-8 behind its length.
    pub fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A flag, and four bytes behind it if there is a number.
    pub fn option_u32(&mut self, number: Option<u32>) {
        self.flag(number.is_some());
        if let Some(number) = number {
            self.u32(number);
        }
    }

    /// A flag, and eight bytes behind it if there is a number.
    pub fn option_u64(&mut self, number: Option<u64>) {
        self.flag(number.is_some());
        if let Some(number) = number {
            self.u64(number);
        }
    }
}

/// Reads a buffer, each thing as [`Writer`] wrote it; `None` wherever it does not hold what it
/// should.
#[derive(Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
    version: u32,
}

impl<'a> Reader<'a> {
    /// Reads from the start, in the newest format.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, version: u32::MAX }
    }

    /// The format version of what is read.
    pub fn version(&self) -> u32 {
        self.version
    }

    pub(super) fn set_version(&mut self, version: u32) {
        self.version = version;
    }

    /// Everything is read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// So many bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Eight bytes, two's complement.
    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_le_bytes)
    }

    /// Sixteen bytes.
    pub fn u128(&mut self) -> Option<u128> {
        self.array().map(u128::from_le_bytes)
    }

    /// One byte; `None` unless it is 0 or 1.
    pub fn flag(&mut self) -> Option<bool> {
        match self.u8()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Bytes behind their length.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    /// UTF-8 behind its length.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// A number of four bytes, or none.
    pub fn option_u32(&mut self) -> Option<Option<u32>> {
        if self.flag()? { self.u32().map(Some) } else { Some(None) }
    }

    /// A number of eight bytes, or none.
    pub fn option_u64(&mut self) -> Option<Option<u64>> {
        if self.flag()? { self.u64().map(Some) } else { Some(None) }
    }
}
