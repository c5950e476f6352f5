//! The rights of a client that is not connected, for its will that is due.

use broker_engine::{Absent, Access};

use super::accounts::{JWT, SECRET, token_with, with_tokens};
use super::*;

/// What the log has of a client: the account, and the credential noted beside it.
struct Left(Option<Arc<str>>, Option<String>);

impl Left {
    fn by(identity: &Identity) -> Self {
        Self(identity.account.clone(), identity.access.noted())
    }

    fn rights(&self, control: &AccessControl) -> Option<Arc<dyn Access>> {
        let (account, noted) = (self.0.as_deref(), self.1.as_deref());
        let absent = Absent { org: OrgId::DEFAULT, client_id: "c1", account, noted };
        let rights = control.rights_of(&absent);
        assert!(rights.as_ref().is_none_or(|rights| !rights.is_revoked()));
        rights
    }

    /// Whether it may publish to a topic; `None` if it may not connect at all.
    fn may(&self, world: &World, topic: &str) -> Option<bool> {
        Some(self.rights(&world.control)?.allows(Action::Publish, topic))
    }
}

impl World {
    fn write(&self, text: &str) {
        std::fs::write(self.file().path(), text).unwrap();
        assert!(self.control.reload(true));
    }

    fn text(&self) -> String {
        std::fs::read_to_string(self.file().path()).unwrap()
    }

    fn left(&self, login: &Login<'_>) -> Left {
        Left::by(&self.log_in(login).0.unwrap())
    }
}

#[test]
fn users_and_devices_have_their_current_rights() {
    let world = World::new("absent-names", "");
    let peer = peer();
    world.user("anna", &[]);
    let secret = world.device("press7", "%c/#");
    let all = world.text();
    let anna = world.left(&login(&peer, "anna", PASSWORD));
    let press7 = world.left(&login(&peer, "press7", &secret));
    assert_eq!(
        (anna.may(&world, "acme/x"), anna.may(&world, "other/x")),
        (Some(true), Some(false))
    );
    assert_eq!((press7.may(&world, "c1/x"), press7.may(&world, "c2/x")), (Some(true), Some(false)));
    world.write(&all.replace("acme/#", "other/#"));
    assert_eq!(
        (anna.may(&world, "acme/x"), anna.may(&world, "other/x")),
        (Some(false), Some(true))
    );
    world.write(&format!("[deny]\npublish = [\"other/#\", \"c1/#\"]\n{}", world.text()));
    assert_eq!(
        (anna.may(&world, "other/x"), press7.may(&world, "c1/x")),
        (Some(false), Some(false))
    );
    world.write(&all);
    // With a new password it is still the same account.
    world.file().set_password("anna", "another horse battery", &SeededRandom::new(3)).unwrap();
    assert!(world.control.reload(true));
    assert_eq!(anna.may(&world, "acme/x"), Some(true));
    world.file().remove("device", "press7").unwrap();
    assert!(world.control.reload(true));
    assert_eq!((anna.may(&world, "acme/x"), press7.may(&world, "c1/x")), (Some(true), None));
}

#[test]
fn an_anonymous_client_has_the_rights_that_anonymous_clients_have_now() {
    let world = World::new("absent-strangers", "[anonymous]\npublish = [\"public/#\"]\n");
    let stranger = world.left(&login(&peer(), "", ""));
    assert_eq!(stranger.may(&world, "public/x"), Some(true));
    assert_eq!(stranger.may(&world, "acme/x"), Some(false));
    // Where there are no accounts, everybody connects without one.
    let lost = Left(Some("press7".into()), None);
    assert_eq!(lost.may(&world, "public/x"), Some(true));
    world.device("press8", "acme/#");
    assert_eq!(lost.may(&world, "public/x"), None);
    world.anonymous.store(false, AtomicOrdering::Relaxed);
    assert_eq!(stranger.may(&world, "public/x"), None);
    world.write("");
    assert_eq!(lost.may(&world, "public/x"), None);
}

#[test]
fn two_certificates_of_one_name_are_told_apart() {
    let text = "[[certificate]]\nsubject = \"CN=press-7,O=Acme\"\nname = \"press7\"\nallow = [\"a/#\"]\n\
                [[certificate]]\ncommon_name = \"press-8\"\nname = \"press7\"\nallow = [\"b/#\"]\n";
    let world = World::new("absent-certificates", text);
    let showing = |subject: &str, common_name: &str| Peer {
        certificate: Some(Box::new(Certificate {
            der: Box::default(),
            subject: subject.into(),
            common_name: Some(common_name.into()),
        })),
        ..peer()
    };
    let seven = world.left(&login(&showing("CN=press-7,O=Acme", "press-7"), "", ""));
    let eight = world.left(&login(&showing("CN=x", "press-8"), "", ""));
    assert_eq!((seven.may(&world, "a/x"), seven.may(&world, "b/x")), (Some(true), Some(false)));
    assert_eq!((eight.may(&world, "a/x"), eight.may(&world, "b/x")), (Some(false), Some(true)));
    // Earlier releases noted nothing.
    let before = Left(seven.0.clone(), None);
    assert_eq!(before.may(&world, "a/x"), Some(true));
    world.write(&text.replace("CN=press-7", "CN=press-9"));
    assert_eq!((seven.may(&world, "a/x"), eight.may(&world, "b/x")), (None, Some(true)));
    world.write(&text.replace("name = \"press7\"", "name = \"other\""));
    assert_eq!((seven.may(&world, "a/x"), before.may(&world, "a/x")), (None, None));
}

#[test]
fn a_token_has_the_rights_in_it_under_the_current_rules() {
    let world = with_tokens("absent-tokens");
    let roles = "[[role]]\nname = \"gateway\"\npublish = [\"gw/#\"]\n";
    let jwt = JWT.replace("allow =", "roles_claim = \"roles\"\nallow =");
    world.write(&format!("{jwt}{roles}"));
    let brought = ",\"allow\":[\"own/#\"],\"roles\":[\"gateway\"]";
    let anna = world.left(&login(&peer(), "", &token_with("anna", brought)));
    let may = |topics: [&str; 3]| topics.map(|topic| anna.may(&world, topic));
    let topics = ["acme/x", "own/x", "gw/x"];
    assert_eq!(may(topics), [Some(true); 3]);
    assert_eq!(anna.may(&world, "other/x"), Some(false));
    // The token has expired, which ends its log-in. Its will is published all the same.
    world.clock.advance(Duration::from_secs(365 * 86_400 * 10));
    assert_eq!(may(topics), [Some(true); 3]);
    world.write(&format!("{jwt}{}", roles.replace("gw/#", "none/#")));
    assert_eq!(may(topics), [Some(true), Some(true), Some(false)]);
    world.write(&format!("[deny]\nall = [\"own/#\"]\n{jwt}{roles}"));
    assert_eq!(may(topics), [Some(true), Some(false), Some(true)]);
    // This also holds after a restart.
    let again = AccessControl::open(Deps {
        file: world.file(),
        clock: Arc::clone(&world.clock) as Arc<dyn Clock>,
        random: Arc::new(SeededRandom::new(99)),
        anonymous: Box::new(|| false),
        sources: Vec::new(),
    });
    let rights = anna.rights(&again.unwrap()).unwrap();
    assert!(rights.allows(Action::Publish, "gw/x") && !rights.allows(Action::Publish, "own/x"));
    // If a key is not trusted any more, wills left under it are not published.
    std::fs::write(world.directory.join("shared"), [SECRET, b"!"].concat()).unwrap();
    assert!(world.control.reload(true));
    assert_eq!(may(topics), [None; 3]);
    std::fs::write(world.directory.join("shared"), SECRET).unwrap();
    world.write(&format!("{}{roles}", jwt.replace("\"idp\"", "\"other\"")));
    assert_eq!(may(topics), [None; 3]);
    world.write("");
    world.device("press7", "acme/#");
    assert_eq!(may(topics), [None; 3], "tokens are not taken any more");
    let nothing_noted = Left(anna.0.clone(), None);
    world.write(&format!("{jwt}{roles}"));
    assert_eq!((may(topics), nothing_noted.may(&world, "acme/x")), ([Some(true); 3], None));
}

/// When keys are rotated, the new one is added before the old one is removed.
#[test]
fn a_key_that_is_added_leaves_wills_and_connections_of_the_others() {
    let world = with_tokens("absent-rotated-keys");
    let more = |file: &str| format!("[[jwt.key]]\nalgorithm = \"HS256\"\nfile = \"{file}\"\n");
    std::fs::write(world.directory.join("next"), [SECRET, b" as well"].concat()).unwrap();
    let peer = peer();
    let token = token_with("anna", "");
    let identity = world.log_in(&login(&peer, "", &token)).0.unwrap();
    let anna = Left::by(&identity);
    for keys in [
        format!("{JWT}{}", more("next")),
        format!("{}{}", JWT.replace("\"shared\"", "\"next\""), more("shared")),
        JWT.replace("file =", "kid = \"2026\"\nfile ="),
    ] {
        world.write(&keys);
        assert!(!identity.access.is_revoked(), "{keys}");
        assert!(identity.access.allows(Action::Publish, "acme/x"), "{keys}");
        assert_eq!(anna.may(&world, "acme/x"), Some(true), "{keys}");
    }
    world.write(&JWT.replace("\"shared\"", "\"next\""));
    assert!(identity.access.is_revoked(), "the key that signed its token is gone");
    assert_eq!(anna.may(&world, "acme/x"), None);
    assert!(world.log_in(&login(&peer, "", &token)).0.is_err());
}

/// That mark is of all keys together, so it does not say which one it was.
#[test]
fn a_mark_of_an_earlier_release_is_valid_while_all_keys_are_the_same() {
    let world = with_tokens("absent-mark-before");
    let hash = crate::secret::SecretHash::of(SECRET);
    let noted = format!("idp\nuns\nHS256 None {:?}\n", hash.digest());
    let noted = world.control.0.context.secret.mark(&noted);
    let noted = format!("{{\"token\":{{\"keys\":\"{noted}\",\"roles\":[],\"allow\":[]}}}}");
    let account = world.left(&login(&peer(), "", &token_with("anna", ""))).0;
    let before = Left(account, Some(noted));
    assert_eq!(before.may(&world, "acme/x"), Some(true));
    std::fs::write(world.directory.join("next"), [SECRET, b" as well"].concat()).unwrap();
    let next = "[[jwt.key]]\nalgorithm = \"HS256\"\nfile = \"next\"\n";
    world.write(&format!("{JWT}{next}"));
    assert_eq!(before.may(&world, "acme/x"), None);
}

struct External;

impl AccountSource for External {
    fn log_in(&self, login: &Login<'_>) -> Option<Result<Identity, ReasonCode>> {
        self.rights_of(login.user_name?).map(Ok)
    }

    fn rights_of(&self, name: &str) -> Option<Identity> {
        let everything = broker_engine::Everything::shared();
        (name == "carl").then(|| Identity::new(OrgId::DEFAULT, name, everything))
    }
}

#[test]
fn external_accounts_are_asked_of_their_source() {
    let world = World::with("absent-elsewhere", "", vec![Box::new(External)]);
    let carl = world.left(&login(&peer(), "carl", "x"));
    assert_eq!(carl.may(&world, "a"), Some(true));
    let nobody = Left(carl.0.map(|account| account.replace("carl", "karl").into()), None);
    assert_eq!(nobody.may(&world, "a"), None);
}
