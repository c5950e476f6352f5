//! CBOR (RFC 8949) as the JSON it means, so that there is one reader of shapes. Numbers keep their
//! form, a float that is none becomes `NaN` and so null, byte strings become base64url (section 6.1).

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::scan::DEPTH_MAX;
use crate::Malformed;

/// Names that numbers stand for as keys.
pub(super) type Labels = &'static [(i8, &'static str)];

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

enum Stop {
    Form,
    TooDeep,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    labels: Labels,
    out: String,
}

/// What a data item begins with; no argument means that its end is marked.
struct Head {
    major: u8,
    detail: u8,
    argument: Option<u64>,
}

impl Reader<'_> {
    fn head(&mut self) -> Result<Head, Stop> {
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

    fn number(&mut self, length: usize) -> Result<u64, Stop> {
        let bytes = self.take(length)?;
        Ok(bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn take(&mut self, length: usize) -> Result<&[u8], Stop> {
        let end = self.at.checked_add(length).ok_or(Stop::Form)?;
        let bytes = self.bytes.get(self.at..end).ok_or(Stop::Form)?;
        self.at = end;
        Ok(bytes)
    }

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

    /// A string in one piece or in several.
    fn string(&mut self, head: &Head) -> Result<Vec<u8>, Stop> {
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
    fn ends(&mut self) -> bool {
        let ends = self.bytes.get(self.at) == Some(&0xff);
        self.at += usize::from(ends);
        ends
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

    /// Times are texts and numbers that the reader knows. An integer beyond 64 bits is a byte string
    /// (RFC 8949, section 3.4.3), and a number again up to 128 bits.
    fn tagged(&mut self, tag: Option<u64>, depth: usize) -> Result<(), Stop> {
        // A tag may hold a tag; they nest like containers.
        if depth == DEPTH_MAX {
            return Err(Stop::TooDeep);
        }
        let Some(sign @ (2 | 3)) = tag else { return self.item(depth + 1) };
        let head = self.head()?;
        if head.major != 2 {
            return Err(Stop::Form);
        }
        let bytes = self.string(&head)?;
        let digits = bytes.iter().position(|byte| *byte != 0).map_or(&[][..], |at| &bytes[at..]);
        if digits.len() > 16 {
            return self.say(format_args!("null"));
        }
        let number = digits.iter().fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        match sign {
            2 => self.say(format_args!("{number}")),
            _ => self.say(format_args!("-{}", number.saturating_add(1))),
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
        if number.is_finite() {
            self.say(format_args!("{number:?}"))
        } else {
            self.say(format_args!("NaN"))
        }
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
mod tests {
    use super::*;

    fn json(hex: &str) -> Result<String, Malformed> {
        let (pairs, _) = hex.as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        to_json(&pairs.iter().map(|pair| byte(pair).unwrap()).collect::<Vec<_>>(), None)
    }

    #[test]
    fn every_kind_of_item_has_a_form_in_json() {
        for (hex, expected) in [
            ("00", "0"),
            ("1bffffffffffffffff", "18446744073709551615"),
            ("3903e7", "-1000"),
            ("3bffffffffffffffff", "-18446744073709551616"),
            ("f93e00", "1.5"),
            ("f90001", "5.960464477539063e-8"),
            ("f9c400", "-4.0"),
            ("fa47c35000", "100000.0"),
            ("fb3ff199999999999a", "1.1"),
            ("f97e00", "NaN"),
            ("f97c00", "NaN"),
            ("f4", "false"),
            ("f5", "true"),
            ("f6", "null"),
            ("f7", "null"),
            ("c11a514b67b0", "1363896240"),
            ("c249010000000000000000", "18446744073709551616"),
            ("c349010000000000000000", "-18446744073709551617"),
            ("c25101000000000000000000000000000000ff", "null"),
            ("43010203", "\"AQID\""),
            ("6161", "\"a\""),
            ("62225c", "\"\\\"\\\\\""),
            ("7f657374726561646d696e67ff", "\"streaming\""),
            ("83010203", "[1,2,3]"),
            ("9f0102ff", "[1,2]"),
            ("a26161016162820203", "{\"a\":1,\"b\":[2,3]}"),
            ("bf6161f5ff", "{\"a\":true}"),
            ("a10120", "{\"1\":-1}"),
        ] {
            assert_eq!(json(hex).as_deref(), Ok(expected), "{hex}");
        }
    }

    #[test]
    fn what_is_no_cbor_is_refused_where_it_breaks() {
        for hex in [
            "",
            "1b00",
            "8301",
            "9f01",
            "62c328",
            "a1f501",
            "1c",
            "ff",
            "f8ff",
            "0000",
            "7f4161ff",
            "fc",
            "9bffffffffffffffff",
            "5bffffffffffffffff",
        ] {
            assert!(matches!(json(hex), Err(Malformed::NotCbor { .. })), "{hex}");
        }
        for head in ["81", "c1", "9f", "a16161"] {
            assert!(matches!(json(&head.repeat(100)), Err(Malformed::TooDeep { .. })), "{head}");
        }
        assert!(json(&format!("{}01", "81".repeat(32))).is_ok());
    }
}
