//! CBOR (RFC 8949) as the JSON it means, so that there is one reader of shapes. Numbers keep their
//! form, a float that is none becomes `NaN` and so null, byte strings become base64url (section 6.1).

mod bytes;
mod number;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::scan::DEPTH_MAX;
use crate::Malformed;
use bytes::{Head, Labels, Reader, Stop};

/// Those of SenML (RFC 8428, table 6).
pub(super) const SENML: Labels = &[
    (-6, "bs"),
    (-5, "bv"),
    (-4, "bu"),
    (-3, "bt"),
    (-2, "bn"),
    (-1, "bver"),
    (0, "n"),
    (1, "u"),
    (2, "v"),
    (3, "vs"),
    (4, "vb"),
    (5, "s"),
    (6, "t"),
    (7, "ut"),
    (8, "vd"),
];

/// A whole payload as JSON.
pub(super) fn to_json(payload: &[u8], labels: Option<Labels>) -> Result<String, Malformed> {
    let (out, labels) = (String::with_capacity(payload.len() * 2), labels.unwrap_or_default());
    let mut reader = Reader { bytes: payload, at: 0, labels, out };
    match reader.item(0) {
        Ok(()) if reader.at == payload.len() => Ok(reader.out),
        Ok(()) | Err(Stop::Form) => Err(Malformed::NotCbor { at: reader.at }),
        Err(Stop::TooDeep) => Err(Malformed::TooDeep { at: reader.at }),
    }
}

impl Reader<'_> {
    fn item(&mut self, depth: usize) -> Result<(), Stop> {
        let head = self.head()?;
        match head.major {
            0 => self.say(format_args!("{}", head.argument.ok_or(Stop::Form)?)),
            1 => self.say(format_args!("{}", -1 - i128::from(head.argument.ok_or(Stop::Form)?))),
            2 => {
                let bytes = self.string(&head)?;
                self.say(format_args!("\"{}\"", URL_SAFE_NO_PAD.encode(bytes)))
            }
            3 => self.text(&head),
            4 | 5 if depth == DEPTH_MAX => Err(Stop::TooDeep),
            4 | 5 => self.container(&head, depth + 1),
            6 => self.tagged(head.argument, depth),
            _ => self.simple(&head),
        }
    }

    fn say(&mut self, text: std::fmt::Arguments<'_>) -> Result<(), Stop> {
        self.out.write_fmt(text).map_err(|_| Stop::Form)
    }

    fn text(&mut self, head: &Head) -> Result<(), Stop> {
        let bytes = self.string(head)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Stop::Form)?;
        self.out.push_str(&serde_json::to_string(text).map_err(|_| Stop::Form)?);
        Ok(())
    }

    fn container(&mut self, head: &Head, depth: usize) -> Result<(), Stop> {
        let is_map = head.major == 5;
        self.out.push(if is_map { '{' } else { '[' });
        let mut count = 0_u64;
        loop {
            let at_end = match head.argument {
                Some(length) => count == length,
                None => self.ends(),
            };
            if at_end {
                break;
            }
            if count > 0 {
                self.out.push(',');
            }
            if is_map {
                self.key()?;
                self.out.push(':');
            }
            self.item(depth)?;
            count += 1;
        }
        self.out.push(if is_map { '}' } else { ']' });
        Ok(())
    }

    /// A key is a text, or an integer written as one.
    fn key(&mut self) -> Result<(), Stop> {
        let head = self.head()?;
        let number = match (head.major, head.argument) {
            (0, Some(number)) => i128::from(number),
            (1, Some(number)) => -1 - i128::from(number),
            (3, _) => return self.text(&head),
            _ => return Err(Stop::Form),
        };
        match self.labels.iter().find(|(label, _)| i128::from(*label) == number) {
            Some((_, name)) => self.say(format_args!("\"{name}\"")),
            None => self.say(format_args!("\"{number}\"")),
        }
    }

    /// Times are texts and numbers that the reader knows. Integers beyond 64 bits and fractions have forms of
    /// their own; what breaks the form of a fraction is the list that it is without the tag.
    fn tagged(&mut self, tag: Option<u64>, depth: usize) -> Result<(), Stop> {
        // A tag may hold a tag; they nest like containers.
        if depth == DEPTH_MAX {
            return Err(Stop::TooDeep);
        }
        let at = self.at;
        let number = match tag {
            Some(sign @ (2 | 3)) => self.big(sign)?,
            Some(4 | 5) => self.fraction(tag == Some(4)),
            _ => None,
        };
        match number {
            Some(number) => self.say(format_args!("{number}")),
            None => {
                self.at = at;
                self.item(depth + 1)
            }
        }
    }

    fn simple(&mut self, head: &Head) -> Result<(), Stop> {
        let bits = head.argument.ok_or(Stop::Form)?;
        let number = match head.detail {
            20 => return self.say(format_args!("false")),
            21 => return self.say(format_args!("true")),
            22 | 23 => return self.say(format_args!("null")),
            25 => u16::try_from(bits).map(half).map_err(|_| Stop::Form)?,
            26 => u32::try_from(bits).map(f32::from_bits).map(f64::from).map_err(|_| Stop::Form)?,
            27 => f64::from_bits(bits),
            _ => return Err(Stop::Form),
        };
        self.say(format_args!("{}", number::float(number)))
    }
}

/// A float of 16 bits.
fn half(bits: u16) -> f64 {
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let size = match exponent {
        0 => mantissa * 2_f64.powi(-24),
        31 => f64::NAN,
        _ => (mantissa + 1024.0) * 2_f64.powi(exponent - 25),
    };
    if bits >> 15 == 0 { size } else { -size }
}

#[cfg(test)]
mod tests;
