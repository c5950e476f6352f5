//! Log-ins as the broker asks for them, and what a change of the file does to connected clients.

use std::sync::atomic::{AtomicBool, Ordering as AtomicOrdering};
use std::time::Duration;

use broker_engine::{Action, Authenticate as _, Certificate, Coverage, OwnedLogin, Step, Verdict};
use uns_model::{ManualClock, OrgId, SeededRandom, Timestamp};

use super::*;
use crate::verified::Account;
use crate::{ADMIN, AccountRights};

mod absent;
mod accounts;
mod guessing;

const PASSWORD: &str = "correct horse battery";

struct World {
    control: AccessControl,
    clock: Arc<ManualClock>,
    anonymous: Arc<AtomicBool>,
    directory: std::path::PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.directory));
    }
}

impl World {
    fn new(name: &str, text: &str) -> Self {
        Self::with(name, text, Vec::new())
    }

    fn with(name: &str, text: &str, sources: Vec<Box<dyn AccountSource>>) -> Self {
        let directory = format!("uns-control-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(directory);
        std::fs::create_dir_all(&directory).unwrap();
        let file = AccessFile::of(&directory);
        std::fs::write(file.path(), text).unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(1_800_000_000_000_000_000)));
        let anonymous = Arc::new(AtomicBool::new(true));
        let served = Arc::clone(&anonymous);
        let control = AccessControl::open(Deps {
            file,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            random: Arc::new(SeededRandom::new(1)),
            anonymous: Box::new(move || served.load(AtomicOrdering::Relaxed)),
            sources,
        });
        Self { control: control.unwrap(), clock, anonymous, directory }
    }

    fn file(&self) -> AccessFile {
        AccessFile::of(&self.directory)
    }

    fn user(&self, name: &str, roles: &[&str]) {
        let roles: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
        let allow = ["acme/#".to_owned()];
        let grants = AccountRights { allow: &allow, roles: &roles, ..AccountRights::default() };
        self.file().add_user(name, PASSWORD, grants, &SeededRandom::new(2)).unwrap();
        assert!(self.control.reload(true));
    }

    fn device(&self, name: &str, allow: &str) -> Zeroed {
        let secret = crate::generate_secret(&uns_model::SystemRandom);
        let allow = [allow.to_owned()];
        let grants = AccountRights { allow: &allow, ..AccountRights::default() };
        self.file().add_device(name, &secret, grants).unwrap();
        assert!(self.control.reload(true));
        secret
    }

    /// Logs in as a core does, and off the core if that is needed. Returns whether it was needed.
    fn log_in(&self, login: &Login<'_>) -> (Result<Identity, ReasonCode>, bool) {
        match self.control.authenticate(login) {
            Verdict::Known(known) => (known, false),
            Verdict::Refused(reason, _) => (Err(reason), true),
            Verdict::Ask => (self.control.verify(&OwnedLogin::new(login)), true),
        }
    }
}

impl World {
    /// Logs in over HTTP.
    fn http(&self, from: &crate::HttpLogin<'_>) -> Result<Arc<Grant>, ReasonCode> {
        match self.control.begin(from) {
            LoginStart::Decided(known) => known,
            LoginStart::RefusedAfter(reason, _) => Err(reason),
            LoginStart::MustVerify(since) => self.control.log_in(from, since),
        }
    }
}

type Zeroed = zeroize::Zeroizing<String>;

fn peer() -> Peer {
    let address = "127.0.0.1:5000".into();
    Peer { address, anonymous_allowed: true, ..Peer::default() }
}

fn login<'a>(peer: &'a Peer, name: &'a str, password: &'a str) -> Login<'a> {
    let named = Some(name).filter(|name| !name.is_empty());
    let password = Some(password.as_bytes()).filter(|password| !password.is_empty());
    Login { client_id: "c1", user_name: named, password, peer }
}

#[test]
fn people_are_verified_off_the_core_and_remembered_for_a_minute() {
    let world = World::new("people", "");
    world.user("anna", &[]);
    let peer = peer();
    let anna = login(&peer, "anna", PASSWORD);
    let (identity, slow) = world.log_in(&anna);
    let identity = identity.unwrap();
    assert!(slow && &*identity.name == "anna");
    assert!(identity.access.allows(Action::Publish, "acme/x"));
    assert_eq!(identity.access.covers("#"), Coverage::Part);
    let (again, slow) = world.log_in(&anna);
    assert!(!slow, "a good password is remembered");
    assert!(Arc::ptr_eq(&again.unwrap().access, &identity.access), "one set of rights for all");
    world.clock.advance(Duration::from_secs(61));
    assert!(world.log_in(&anna).1);
    for (name, password) in [("anna", "wrong"), ("ghost", PASSWORD)] {
        let (refused, slow) = world.log_in(&login(&peer, name, password));
        assert!(slow, "{name}: both cost the same");
        assert_eq!(refused.unwrap_err(), ReasonCode::BadUserNameOrPassword);
    }
    let (refused, slow) = world.log_in(&login(&peer, "anna", ""));
    assert_eq!((refused.unwrap_err(), slow), (ReasonCode::BadUserNameOrPassword, false));
    let counts = world.control.counts();
    assert_eq!((counts.accepted, counts.refused), (3, 3));
}

/// The old password was being hashed while it was changed.
#[test]
fn a_password_that_was_right_before_it_was_changed_is_not_remembered() {
    let world = World::new("changed-password", "");
    world.user("anna", &[]);
    let peer = peer();
    let before = world.control.0.context.policy.load().users["anna"].credential.clone();
    world.file().set_password("anna", "another horse battery", &SeededRandom::new(3)).unwrap();
    assert!(world.control.reload(true));
    let shared = &world.control.0;
    shared.verified.add(
        shared.context.clock.monotonic(),
        Account { name: "anna", hash: &before },
        PASSWORD.as_bytes(),
    );
    let (refused, slow) = world.log_in(&login(&peer, "anna", PASSWORD));
    assert!(slow, "it is hashed again");
    assert_eq!(refused.unwrap_err(), ReasonCode::BadUserNameOrPassword);
}

#[test]
fn devices_are_checked_on_the_core() {
    let world = World::new("devices", "");
    let secret = world.device("press1", "%u/#");
    let peer = peer();
    let (identity, slow) = world.log_in(&login(&peer, "press1", &secret));
    let access = identity.unwrap().access;
    assert!(!slow && access.allows(Action::Publish, "press1/x"));
    let (refused, slow) = world.log_in(&login(&peer, "press2", &secret));
    assert_eq!((refused.unwrap_err(), slow), (ReasonCode::BadUserNameOrPassword, false));
    assert!(!access.is_revoked());
    world.file().remove("device", "press1").unwrap();
    assert!(!access.is_revoked(), "not before it is read");
    assert!(world.control.reload(false) && access.is_revoked());
    assert!(!access.allows(Action::Publish, "press1/x"));
}

#[test]
fn a_change_of_the_file_reaches_grants_in_use() {
    let world = World::new("changes", "");
    world.user("anna", &[]);
    let peer = peer();
    let access = world.log_in(&login(&peer, "anna", PASSWORD)).0.unwrap().access;
    let text = std::fs::read_to_string(world.file().path()).unwrap();
    std::fs::write(world.file().path(), text.replace("acme/#", "other/#")).unwrap();
    assert!(world.control.reload(true));
    assert!(!access.is_revoked(), "the password is as before");
    assert!(access.allows(Action::Receive, "other/x") && !access.allows(Action::Receive, "acme/x"));
    std::fs::write(world.file().path(), "broken").unwrap();
    assert!(!world.control.reload(true) && access.allows(Action::Receive, "other/x"));
    assert_eq!(world.control.counts().reload_failed, 1);
    std::fs::write(world.file().path(), text).unwrap();
    world.file().set_password("anna", "another horse battery", &SeededRandom::new(3)).unwrap();
    assert!(world.control.reload(true) && access.is_revoked(), "a new password ends old sessions");
}

#[test]
fn anonymous_clients_on_this_machine_are_accepted_while_that_is_allowed() {
    let world = World::new("strangers", "[anonymous]\nsubscribe = [\"public/#\"]\n");
    let here = peer();
    let access = world.log_in(&login(&here, "", "")).0.unwrap().access;
    assert_eq!(access.covers("public/+"), Coverage::All);
    assert!(!access.allows(Action::Publish, "public/x"));
    let (ignored, _) = world.log_in(&login(&here, "anybody", "anything"));
    assert!(ignored.is_ok(), "there is nothing it could be checked against");
    world.user("anna", &[]);
    for (name, password) in [("anybody", ""), ("anybody", "anything")] {
        assert!(world.log_in(&login(&here, name, password)).0.is_err(), "{name} {password}");
    }
    let elsewhere = Peer { address: "192.0.2.1:5".into(), ..here.clone() };
    let listener = Peer { anonymous_allowed: false, ..here.clone() };
    let proxied = Peer { proxied: true, ..here.clone() };
    let nowhere = Peer { address: "".into(), ..here.clone() };
    for peer in [elsewhere, listener, proxied, nowhere] {
        let refused = world.log_in(&login(&peer, "", "")).0.unwrap_err();
        assert_eq!(refused, ReasonCode::NotAuthorized, "{peer:?}");
    }
    world.anonymous.store(false, AtomicOrdering::Relaxed);
    assert!(access.is_revoked() && world.log_in(&login(&here, "", "")).0.is_err());
}

#[test]
fn certificates_belong_to_names() {
    let text = "[[certificate]]\nsubject = \"CN=press-7,O=Acme\"\nname = \"press7\"\nallow = [\"a/#\"]\n\
                [[certificate]]\ncommon_name = \"press-8\"\nname = \"press8\"\nallow = [\"%c/#\"]\n";
    let world = World::new("certificates", text);
    let showing = |subject: &str, common_name: &str| Peer {
        anonymous_allowed: false,
        certificate: Some(Box::new(Certificate {
            der: Box::default(),
            subject: subject.into(),
            common_name: Some(common_name.into()),
        })),
        ..peer()
    };
    let seven = showing("CN=press-7,O=Acme", "press-7");
    let identity = world.log_in(&login(&seven, "", "")).0.unwrap();
    assert!(&*identity.name == "press7" && identity.access.allows(Action::Publish, "a/x"));
    let eight = showing("CN=press-8,O=Other", "press-8");
    let identity = world.log_in(&login(&eight, "ignored", "")).0.unwrap();
    assert!(&*identity.name == "press8" && identity.access.allows(Action::Publish, "c1/x"));
    let (refused, _) = world.log_in(&login(&showing("CN=press-7,O=Evil", "press-7"), "", ""));
    assert_eq!(refused.unwrap_err(), ReasonCode::NotAuthorized);
    assert!(world.log_in(&login(&eight, "x", "wrong")).0.is_err(), "a password shown must be good");
    std::fs::write(world.file().path(), "").unwrap();
    assert!(world.control.reload(true) && identity.access.is_revoked());
}

struct Directory;

impl AccountSource for Directory {
    fn log_in(&self, login: &Login<'_>) -> Option<Result<Identity, ReasonCode>> {
        let everything = broker_engine::Everything::shared();
        match login.user_name {
            Some("carl") => Some(Ok(Identity::new(OrgId::DEFAULT, "carl", everything))),
            Some("banned") => Some(Err(ReasonCode::Banned)),
            _ => None,
        }
    }
}

#[test]
fn external_accounts_come_after_those_of_the_file() {
    let world = World::with("elsewhere", "", vec![Box::new(Directory)]);
    world.user("anna", &[ADMIN]);
    let peer = peer();
    let (identity, slow) = world.log_in(&login(&peer, "carl", "x"));
    assert!(slow && identity.unwrap().access.allows(Action::Publish, "$any/x"));
    let refused = |name, password| world.log_in(&login(&peer, name, password)).0.unwrap_err();
    assert_eq!(refused("banned", "x"), ReasonCode::Banned);
    assert_eq!(refused("anna", "x"), ReasonCode::BadUserNameOrPassword);
    assert_eq!(refused("ghost", "x"), ReasonCode::BadUserNameOrPassword);
}

#[test]
fn log_ins_over_http_are_refused_after_ten_failures() {
    let world = World::new("limit", "");
    let secret = world.device("press1", "acme/#");
    let address = Some([192, 0, 2, 1].into());
    let from = |name, password: &'static [u8]| crate::HttpLogin { name, password, address };
    for _ in 0..10 {
        let refused = world.http(&from(Some("press1"), b"wrong")).unwrap_err();
        assert_eq!(refused, ReasonCode::BadUserNameOrPassword);
    }
    let refused = world.http(&from(Some("press1"), b"wrong")).unwrap_err();
    assert_eq!(refused, ReasonCode::ConnectionRateExceeded);
    let good = crate::HttpLogin { name: Some("press1"), password: secret.as_bytes(), address };
    assert!(world.http(&good).is_ok(), "the device itself is not locked out");
    world.clock.advance(Duration::from_secs(61));
    let refused = world.http(&from(Some("press1"), b"wrong")).unwrap_err();
    assert_eq!(refused, ReasonCode::BadUserNameOrPassword);
    assert_eq!(world.control.counts().limited, 1);
}

#[test]
fn scram_is_offered_to_users_alone() {
    let world = World::new("scram", "");
    let peer = peer();
    let somebody = login(&peer, "", "");
    assert!(world.control.exchange("SCRAM-SHA-256", &somebody).is_none(), "there is no user");
    world.user("anna", &[]);
    assert!(world.control.exchange("SCRAM-SHA-1", &somebody).is_none());
    let mut exchange = world.control.exchange("SCRAM-SHA-256", &somebody).unwrap();
    assert!(matches!(exchange.step(b"n,,n=anna,r=abc"), Step::Continue(_)));
    assert!(matches!(exchange.step(b"c=biws,r=abc,p=AA=="), Step::Refused(_)));
    assert_eq!(world.control.counts().refused, 1);
}
