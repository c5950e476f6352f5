//! The identifiers of accounts, and the client ids that are reserved for them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use broker_engine::Reservation;
use ring::hmac;

use super::*;

pub(super) const SECRET: &[u8] = b"a secret of at least thirty-two bytes";
pub(super) const JWT: &str = "[jwt]\nissuer = \"idp\"\naudience = \"uns\"\nallow = [\"acme/#\"]\n\
                   [[jwt.key]]\nalgorithm = \"HS256\"\nfile = \"shared\"\n";

/// A valid token of this subject.
pub(super) fn token(subject: &str) -> String {
    token_with(subject, "")
}

/// The same with further claims.
pub(super) fn token_with(subject: &str, more: &str) -> String {
    let claims = format!(
        "{{\"iss\":\"idp\",\"aud\":\"uns\",\"exp\":1900000000,\"sub\":\"{subject}\"{more}}}"
    );
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let signed = format!("{}.{}", encode(b"{\"alg\":\"HS256\"}"), encode(claims.as_bytes()));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
    let signature = hmac::sign(&key, signed.as_bytes());
    format!("{signed}.{}", encode(signature.as_ref()))
}

/// A world that accepts tokens.
pub(super) fn with_tokens(name: &str) -> World {
    let world = World::new(name, "");
    std::fs::write(world.directory.join("shared"), SECRET).unwrap();
    std::fs::write(world.file().path(), JWT).unwrap();
    assert!(world.control.reload(true));
    world
}

#[test]
fn a_token_whose_subject_is_a_devices_name_is_another_account() {
    let world = with_tokens("subject");
    let secret = world.device("press7", "acme/#");
    let peer = peer();
    let device = world.log_in(&login(&peer, "press7", &secret)).0.unwrap();
    let bearer = world.log_in(&login(&peer, "press7", &token("press7"))).0.unwrap();
    assert_eq!((&*device.name, &*bearer.name), ("press7", "press7"));
    assert_ne!(device.account, bearer.account);
    assert_eq!(device.account.as_deref(), Some("press7"), "as the log has always had it");
    let reservation = |id, identity| world.control.reservation(id, identity);
    assert_eq!(reservation("press7", &device), Reservation::Own);
    assert_eq!(reservation("press7", &bearer), Reservation::Anothers);
    assert_eq!(reservation("press8", &bearer), Reservation::Nobodys);
    let nobody = world.log_in(&login(&peer, "", "")).0.unwrap();
    assert_eq!(nobody.account, None);
    assert_eq!(reservation("press7", &nobody), Reservation::Anothers);
}

#[test]
fn an_account_is_gone_when_the_file_no_longer_has_it() {
    let world = with_tokens("gone");
    world.device("press7", "acme/#");
    let peer = peer();
    let bearer = world.log_in(&login(&peer, "", &token("anna"))).0.unwrap().account.unwrap();
    let has = |account: &str| world.control.has_account(OrgId::DEFAULT, account);
    assert!(has("press7") && has(&bearer) && !has("press8"));
    std::fs::write(world.file().path(), JWT.replace("\"idp\"", "\"other\"")).unwrap();
    assert!(world.control.reload(true));
    assert!(!has("press7") && !has(&bearer), "another issuer's subjects are other accounts");
    std::fs::write(world.file().path(), "").unwrap();
    assert!(world.control.reload(true));
    assert!(has("press7"), "a file that was lost ends no session");
}

/// A publish over HTTP belongs to the account that logged in there, and to no other.
#[test]
fn client_ids_of_the_http_interface_are_reserved_for_its_callers() {
    let world = with_tokens("over-http");
    let secret = world.device("press7", "acme/#");
    let peer = peer();
    let device = world.log_in(&login(&peer, "press7", &secret)).0.unwrap();
    let bearer = world.log_in(&login(&peer, "anna", &token("anna"))).0.unwrap();
    let nobody = world.log_in(&login(&peer, "", "")).0.unwrap();
    let reserved =
        |id| [&device, &bearer, &nobody].map(|identity| world.control.reservation(id, identity));
    let (free, anothers) = (Reservation::Nobodys, Reservation::Anothers);
    assert_eq!(reserved("http:press7"), [free, anothers, anothers]);
    assert_eq!(reserved("http:anna"), [anothers, free, anothers]);
    assert_eq!(reserved("http:anonymous"), [anothers; 3], "that is no account");
    assert_eq!(reserved("http"), [anothers, anothers, free]);
    assert_eq!(reserved("http:"), [anothers, anothers, free]);
    for other in ["https:press7", "httpd", "HTTP:press7", "x-http:press7"] {
        assert_eq!(reserved(other), [free; 3], "{other}");
    }
}
