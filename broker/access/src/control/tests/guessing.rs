//! The cost and the outcome of guessing reveal nothing about which names exist.

use broker_engine::{Proof, Tried};

use super::accounts::{token, with_tokens};
use super::*;

#[test]
fn an_unknown_name_does_not_fill_the_queue_of_those_that_are_verified() {
    let world = World::new("nobody", "");
    world.user("anna", &[]);
    let peer = peer();
    assert!(world.log_in(&login(&peer, "anna", "a wrong password")).0.is_err());
    let mut asked = 0;
    for n in 0..1000 {
        match world.control.authenticate(&login(&peer, &format!("ghost{n}"), "x")) {
            Verdict::Ask => asked += 1,
            Verdict::Refused(ReasonCode::BadUserNameOrPassword, _) => {}
            other => unreachable!("{other:?}"),
        }
    }
    assert_eq!(asked, 1, "at most one of them is hashed at a time");
    assert!(matches!(
        world.control.authenticate(&login(&peer, "anna", "another wrong one")),
        Verdict::Ask
    ));
}

/// The test compares the work and not the time, over MQTT and HTTP, since it cannot trust a clock.
#[test]
fn an_unknown_name_is_hashed_like_a_wrong_password() {
    let world = World::new("decoy", "");
    world.user("anna", &[]);
    let peer = peer();
    let shared = &world.control.0;
    for (n, name) in ["ghost", "anna", "ghost", "anna", "ghost"].into_iter().enumerate() {
        let login = login(&peer, name, "a wrong password");
        let verdict = world.control.authenticate(&login);
        assert!(matches!(verdict, Verdict::Ask), "{name}: {verdict:?}");
        let refused = world.control.verify(&OwnedLogin::new(&login)).unwrap_err();
        assert_eq!(refused, ReasonCode::BadUserNameOrPassword);
        assert_eq!(shared.mqtt_hashes.count(), n + 1, "{name} is hashed");
        let from = HttpLogin { name: Some(name), password: b"a wrong password", address: None };
        let LoginStart::MustVerify(since) = world.control.begin(&from) else {
            unreachable!("{name}")
        };
        assert!(world.control.log_in(&from, since).is_err());
        assert_eq!(shared.http_hashes.count(), n + 1, "{name} is hashed");
    }
}

#[test]
fn the_length_of_a_password_reveals_nothing_about_its_name() {
    let world = World::new("length", "");
    world.user("anna", &[]);
    let peer = peer();
    let long = "x".repeat(crate::PASSWORD_BYTES_MAX + 1);
    for name in ["anna", "ghost"] {
        let verdict = world.control.authenticate(&login(&peer, name, &long));
        let Verdict::Known(Err(reason)) = verdict else { unreachable!("{name}: {verdict:?}") };
        assert_eq!(reason, ReasonCode::BadUserNameOrPassword, "{name}");
    }
}

/// A changed salt after a restart would reveal that the name is unknown.
#[test]
fn the_salt_of_an_unknown_name_survives_a_restart() {
    let world = World::new("salt", "");
    world.user("anna", &[]);
    let salt = |control: &AccessControl, name: &str| {
        let peer = peer();
        let mut exchange = control.exchange("SCRAM-SHA-256", &login(&peer, "", "")).unwrap();
        let first = format!("n,,n={name},r=abc");
        let Step::Continue(challenge) = exchange.step(first.as_bytes()) else {
            unreachable!("{name}")
        };
        let challenge = String::from_utf8(challenge).unwrap();
        challenge.split(',').find(|part| part.starts_with("s=")).unwrap().to_owned()
    };
    let again = AccessControl::open(Deps {
        file: world.file(),
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        random: Arc::new(SeededRandom::new(99)),
        anonymous: Box::new(|| false),
        sources: Vec::new(),
    });
    let again = again.unwrap();
    for name in ["anna", "ghost"] {
        assert_eq!(salt(&world.control, name), salt(&again, name), "{name}");
    }
    assert_ne!(salt(&again, "ghost"), salt(&again, "ghost2"));
    use std::os::unix::fs::PermissionsExt as _;
    let kept = std::fs::metadata(world.directory.join("access.key")).unwrap();
    assert_eq!(kept.permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_token_counts_under_its_subject() {
    let world = with_tokens("tried");
    let peer = peer();
    let tried = |name: &str, password: &str| {
        let login = login(&peer, name, password);
        let Tried { name, proof } = world.control.tried(&login);
        (name.map(std::borrow::Cow::into_owned), proof)
    };
    let subject = (Some("anna".to_owned()), Proof::Signature);
    assert_eq!(tried("whatever", &token("anna")), subject);
    let forged = format!("{}AAAA", token("anna"));
    assert_eq!(tried("else", &forged), subject, "good or not");
    assert_eq!(tried("anna", "eyJ.b.c"), (None, Proof::Signature));
    assert_eq!(tried("anna", PASSWORD), (Some("anna".to_owned()), Proof::Password));
}

#[test]
fn failures_without_a_name_keep_no_valid_token_out() {
    let world = with_tokens("garbage");
    let address = Some([192, 0, 2, 1].into());
    let bearer = |token: &str| {
        world.http(&crate::HttpLogin { name: None, password: token.as_bytes(), address })
    };
    for _ in 0..300 {
        assert_eq!(bearer("eyJ.b.c").unwrap_err(), ReasonCode::BadUserNameOrPassword);
        assert!(bearer(&format!("{}AAAA", token("anna"))).is_err());
    }
    bearer(&token("anna")).unwrap();
}
