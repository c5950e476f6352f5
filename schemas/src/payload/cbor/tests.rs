//! Each kind of item, and what is none.

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
        // RFC 8949, section 3.4.4: 273.15 and 1.5, and what else sensors write so.
        ("c48221196ab3", "273.15"),
        ("c5822003", "1.5"),
        ("c4822018eb", "23.5"),
        ("c4822138eb", "-2.36"),
        ("c4820205", "500"),
        ("c4822305", "0.0005"),
        ("c4822100", "0.00"),
        ("c48220c243010000", "6553.6"),
        ("c49f2005ff", "0.5"),
        ("c48219138805", "NaN"),
        ("c48239138705", "0.0"),
        ("c58219138805", "NaN"),
        ("c481182a", "[42]"),
        ("c4182a", "42"),
        ("c482f93e0001", "[1.5,1]"),
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
