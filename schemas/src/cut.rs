//! Long values in lists (NS-19d): a list of a thousand tags shows how each begins.

use std::sync::Arc;

use uns_model::Value;

/// The longest value a list shows whole.
const WHOLE_BYTES_MAX: usize = 1024;
/// How much it shows of longer ones.
const SHOWN_BYTES: usize = 256;

/// The beginning of a value that is too long for a list, and how many bytes the whole has; `None`
/// where the whole fits. A document that was cut is no JSON any more, but text.
pub fn cut(value: &Value) -> Option<(Value, u64)> {
    let (begins, size) = match value {
        Value::Text(text) | Value::Document(text) if text.len() > WHOLE_BYTES_MAX => {
            let end = text.floor_char_boundary(SHOWN_BYTES);
            let begins = text.get(..end).unwrap_or_default();
            (Value::Text(Arc::from(format!("{begins}…"))), text.len())
        }
        Value::Bytes(bytes) if bytes.len() > WHOLE_BYTES_MAX => {
            (Value::Bytes(bytes.get(..SHOWN_BYTES).unwrap_or(bytes).into()), bytes.len())
        }
        _ => return None,
    };
    Some((begins, size as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_show_how_they_begin() {
        let text = Value::Text("ü".repeat(1_000).into());
        let (begins, size) = cut(&text).unwrap();
        assert_eq!((begins, size), (Value::Text(format!("{}…", "ü".repeat(128)).into()), 2_000));
        let bytes = Value::Bytes(vec![0xff; 5_000].into());
        assert_eq!(cut(&bytes), Some((Value::Bytes(vec![0xff; 256].into()), 5_000)));
        let document = Value::Document(format!("[{}1]", "1,".repeat(1_000)).into());
        assert!(matches!(cut(&document), Some((Value::Text(_), 2_003))));
        for short in [Value::Int(7), Value::Text("x".repeat(1024).into())] {
            assert_eq!(cut(&short), None);
        }
    }
}
