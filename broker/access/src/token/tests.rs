//! Valid tokens, and the ways to forge one.

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

struct Signer {
    ed: Ed25519KeyPair,
    ec: EcdsaKeyPair,
    directory: std::path::PathBuf,
}

/// `SubjectPublicKeyInfo` in PEM.
fn pem(prefix: &[u8], key: &[u8]) -> String {
    use base64::engine::general_purpose::STANDARD;
    let mut der = prefix.to_vec();
    der.extend(key);
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
}

impl Signer {
    fn new(test: &str) -> Self {
        let random = SystemRandom::new();
        let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let signing = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let ec = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
        let name = format!("uns-token-{test}-{}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&directory).unwrap();
        let signer = Self {
            ed: Ed25519KeyPair::from_pkcs8(ed.as_ref()).unwrap(),
            ec: EcdsaKeyPair::from_pkcs8(signing, ec.as_ref(), &random).unwrap(),
            directory,
        };
        let ed_prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        let ec_prefix = [
            0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
            0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
        ];
        let ed = pem(&ed_prefix, signer.ed.public_key().as_ref());
        let ec = pem(&ec_prefix, signer.ec.public_key().as_ref());
        std::fs::write(signer.directory.join("ed.pem"), ed).unwrap();
        std::fs::write(signer.directory.join("ec.pem"), ec).unwrap();
        std::fs::write(signer.directory.join("hs"), [7; 40]).unwrap();
        signer
    }

    fn key(&self, id: Option<&str>, algorithm: Algorithm, file: &str) -> Key {
        Key::read(id.map(Into::into), algorithm, &self.directory.join(file)).unwrap()
    }

    fn tokens(&self) -> Tokens {
        Tokens {
            keys: vec![
                self.key(Some("one"), Algorithm::EdDsa, "ed.pem"),
                self.key(Some("two"), Algorithm::Es256, "ec.pem"),
            ],
            issuer: "https://idp.example".into(),
            audience: "uns".into(),
            leeway_seconds: 30,
            name_claim: "sub".into(),
            allow_claim: "allow".into(),
            roles_claim: None,
        }
    }

    /// Signs with the Ed25519 key, whatever the header says.
    fn token(&self, header: &str, claims: &str) -> String {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", encode(header), encode(claims));
        let signature = self.ed.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

const HEADER: &str = r#"{"alg":"EdDSA","kid":"one","typ":"JWT"}"#;

fn claims(change: &[(&str, Value)]) -> String {
    let mut claims = json!({
        "iss": "https://idp.example", "aud": ["x", "uns"], "exp": NOW + 60, "sub": "press-7",
        "allow": ["acme/press7/#"],
    });
    for (name, value) in change {
        claims[*name] = value.clone();
    }
    claims.to_string()
}

#[test]
fn a_good_token_says_who_it_is() {
    let signer = Signer::new("good");
    let tokens = signer.tokens();
    let token = signer.token(HEADER, &claims(&[]));
    assert!(is_token(token.as_bytes()) && !is_token(b"eyJ.") && !is_token(b"secret"));
    let found = tokens.verify(token.as_bytes(), NOW).unwrap();
    assert_eq!((found.name.as_str(), found.expires), ("press-7", NOW + 90));
    assert_eq!(found.rules[0].filter.as_str(), "acme/press7/#");
    assert_eq!(tokens.verify(token.as_bytes(), NOW + 89).unwrap(), found, "leeway");
    let random = SystemRandom::new();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"ES256","kid":"two"}"#),
        URL_SAFE_NO_PAD.encode(claims(&[]))
    );
    let signature = signer.ec.sign(&random, signed.as_bytes()).unwrap();
    let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert!(tokens.verify(token.as_bytes(), NOW).is_ok());
}

#[test]
fn forged_headers() {
    let signer = Signer::new("headers");
    let tokens = signer.tokens();
    let check = |header: &str, expected| {
        let token = signer.token(header, &claims(&[]));
        assert_eq!(tokens.verify(token.as_bytes(), NOW), Err(expected), "{header}");
    };
    for none in ["none", "None", "NONE", "nOnE", "", "HS256", "RS256", "PS256", "eddsa"] {
        check(&format!(r#"{{"alg":"{none}"}}"#), Fault::Key);
    }
    check(r#"{"alg":"ES256","kid":"one"}"#, Fault::Key);
    check(r#"{"alg":"ES256"}"#, Fault::Signature);
    for kid in ["../../dev/null", "one' OR '1'='1", "two", ""] {
        check(&json!({"alg": "EdDSA", "kid": kid}).to_string(), Fault::Key);
    }
    check(r#"{"alg":"EdDSA","kid":["one"]}"#, Fault::Header);
    check(r#"{"alg":["EdDSA"]}"#, Fault::Header);
    check(r#"{"kid":"one"}"#, Fault::Header);
    check(r#"{"alg":"EdDSA","crit":["exp"]}"#, Fault::Header);
    check(r#"{"alg":"EdDSA","zip":"DEF"}"#, Fault::Header);
    check(r#"{"alg":"EdDSA","typ":"dpop+jwt"}"#, Fault::Header);
    check(r#"{"alg":"none","alg":"EdDSA"}"#, Fault::Form);
}

#[test]
fn a_public_key_is_no_shared_secret() {
    let signer = Signer::new("confusion");
    let mut tokens = signer.tokens();
    let forged = |secret: &[u8]| {
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let signed = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(&claims(&[])));
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret);
        let signature = ring::hmac::sign(&key, signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    };
    let public = std::fs::read(signer.directory.join("ed.pem")).unwrap();
    assert_eq!(tokens.verify(forged(&public).as_bytes(), NOW), Err(Fault::Key));
    tokens.keys.push(signer.key(None, Algorithm::Hs256, "hs"));
    assert_eq!(tokens.verify(forged(&public).as_bytes(), NOW), Err(Fault::Signature));
    assert!(tokens.verify(forged(&[7; 40]).as_bytes(), NOW).is_ok());
    let wrong = Key::read(None, Algorithm::Rs256, &signer.directory.join("ed.pem"));
    assert!(wrong.unwrap_err().contains("another kind"));
}

#[test]
fn forged_claims() {
    let signer = Signer::new("claims");
    let tokens = signer.tokens();
    let check = |change: &[(&str, Value)], expected| {
        let token = signer.token(HEADER, &claims(change));
        assert_eq!(tokens.verify(token.as_bytes(), NOW), Err(expected), "{change:?}");
    };
    for exp in [json!(NOW - 31), json!(null), json!("2000000000"), json!(-1), json!([NOW + 9])] {
        check(&[("exp", exp)], Fault::Time);
    }
    check(&[("nbf", json!(NOW + 31))], Fault::Time);
    check(&[("nbf", json!("1"))], Fault::Time);
    for aud in [json!("other"), json!([]), json!(null), json!({"uns": 1}), json!("UNS")] {
        check(&[("aud", aud)], Fault::Party);
    }
    check(&[("iss", json!("https://idp.example/"))], Fault::Party);
    check(&[("iss", json!(["https://idp.example"]))], Fault::Party);
    for name in [json!(""), json!(7), json!(null), json!("a\u{0}"), json!("x".repeat(300))] {
        check(&[("sub", name)], Fault::Content);
    }
    for allow in [json!(["a/#/b"]), json!([7]), json!({"a": 1}), json!(["%c/#"])] {
        check(&[("allow", allow)], Fault::Content);
    }
    let twice = claims(&[]).replacen('{', r#"{"exp":1,"#, 1);
    let token = signer.token(HEADER, &twice);
    assert_eq!(tokens.verify(token.as_bytes(), NOW), Err(Fault::Form));
}

#[test]
fn broken_tokens() {
    let signer = Signer::new("broken");
    let tokens = signer.tokens();
    let good = signer.token(HEADER, &claims(&[]));
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let other = signer.token(HEADER, &claims(&[("sub", json!("admin"))]));
    let (other, _) = other.rsplit_once('.').unwrap();
    for (token, expected) in [
        (format!("{signed}."), Fault::Signature),
        (format!("{other}.{signature}"), Fault::Signature),
        (signed.to_owned(), Fault::Form),
        (format!("{good}="), Fault::Form),
        (format!("{good}.{signature}"), Fault::Form),
        (String::new(), Fault::Form),
        ("..".into(), Fault::Form),
        (format!("{good}{}", "A".repeat(TOKEN_BYTES_MAX)), Fault::Form),
    ] {
        assert_eq!(tokens.verify(token.as_bytes(), NOW), Err(expected), "{token}");
    }
}
