//! The heads of data items and the bytes behind them (RFC 8949, section 3).

/// Names that numbers stand for as keys.
pub(in crate::payload) type Labels = &'static [(i8, &'static str)];

/// Why it is not read on.
pub(super) enum Stop {
    Form,
    TooDeep,
}

/// Reads a payload from its beginning.
pub(super) struct Reader<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    pub(super) labels: Labels,
    pub(super) out: String,
}

/// What a data item begins with; no argument means that its end is marked.
pub(super) struct Head {
    pub(super) major: u8,
    pub(super) detail: u8,
    pub(super) argument: Option<u64>,
}

impl Reader<'_> {
    pub(super) fn head(&mut self) -> Result<Head, Stop> {
        let first = *self.bytes.get(self.at).ok_or(Stop::Form)?;
        self.at += 1;
        let (major, detail) = (first >> 5, first & 0x1f);
        let argument = match detail {
            0..=23 => Some(u64::from(detail)),
            24..=27 => Some(self.number(1 << (detail - 24))?),
            31 if matches!(major, 2..=5 | 7) => None,
            _ => return Err(Stop::Form),
        };
        Ok(Head { major, detail, argument })
    }

    pub(super) fn number(&mut self, length: usize) -> Result<u64, Stop> {
        let bytes = self.take(length)?;
        Ok(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&[u8], Stop> {
        let end = self.at.checked_add(length).ok_or(Stop::Form)?;
        let bytes = self.bytes.get(self.at..end).ok_or(Stop::Form)?;
        self.at = end;
        Ok(bytes)
    }

    /// A string in one piece or in several.
    pub(super) fn string(&mut self, head: &Head) -> Result<Vec<u8>, Stop> {
        if let Some(length) = head.argument {
            let length = usize::try_from(length).map_err(|_| Stop::Form)?;
            return self.take(length).map(<[u8]>::to_vec);
        }
        let mut whole = Vec::new();
        while !self.ends() {
            let piece = self.head()?;
            if piece.major != head.major || piece.argument.is_none() {
                return Err(Stop::Form);
            }
            whole.extend(self.string(&piece)?);
        }
        Ok(whole)
    }

    /// Moves past the mark of an end.
    pub(super) fn ends(&mut self) -> bool {
        let ends = self.bytes.get(self.at) == Some(&0xff);
        self.at += usize::from(ends);
        ends
    }
}
