//! The example of RFC 7677, and exchanges that must fail.

use broker_engine::Everything;
use parking_lot::Mutex;
use uns_model::{OrgId, SeededRandom};

use super::*;

/// The account of RFC 7677, section 3.
#[derive(Default)]
struct Rfc(Mutex<Vec<String>>);

impl Accounts for Rfc {
    fn keys(&self, name: &str) -> ScramKeys {
        if name == "user" {
            return ScramKeys::derive(
                "pencil",
                STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap(),
                4096,
            );
        }
        ScramKeys::decoy(&[9; 32], name)
    }

    fn identity(&self, name: &str) -> Result<Identity, ReasonCode> {
        Ok(Identity::new(OrgId::DEFAULT, name, Everything::shared()))
    }

    fn failed(&self, name: &str) {
        self.0.lock().push(name.to_owned());
    }
}

fn exchange(accounts: &Arc<Rfc>) -> Scram {
    let mut scram = Scram::new(Arc::clone(accounts) as Arc<dyn Accounts>, &SeededRandom::new(1));
    scram.nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0".into();
    scram
}

fn said(step: Step) -> String {
    match step {
        Step::Continue(data) => String::from_utf8(data).unwrap(),
        Step::Done { identity, data } => {
            format!("{} {}", identity.name, String::from_utf8(data).unwrap())
        }
        Step::Refused(reason) => format!("{reason:?}"),
    }
}

const FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
const NONCE: &str = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const PROOF: &str = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

#[test]
fn the_example_of_the_rfc() {
    let mut scram = exchange(&Arc::default());
    assert_eq!(said(scram.step(b"")), "");
    assert_eq!(said(scram.step(FIRST)), format!("r={NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
    let last = scram.step(format!("c=biws,r={NONCE},p={PROOF}").as_bytes());
    assert_eq!(said(last), "user v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    assert_eq!(said(scram.step(b"again")), "NotAuthorized");
}

#[test]
fn wrong_proofs_and_messages_are_refused() {
    let accounts = Arc::<Rfc>::default();
    let flipped = PROOF.replacen('d', "e", 1);
    for last in [
        format!("c=biws,r={NONCE},p={flipped}"),
        format!("c=eSws,r={NONCE},p={PROOF}"),
        format!("c=biws,r={NONCE}x,p={PROOF}"),
        format!("c=biws,r={NONCE},p="),
        format!("c=biws,r={NONCE}"),
        String::new(),
    ] {
        let mut scram = exchange(&accounts);
        scram.step(FIRST);
        assert_eq!(said(scram.step(last.as_bytes())), "NotAuthorized", "{last}");
    }
    assert_eq!(accounts.0.lock().len(), 6);
    for first in [
        "p=tls-unique,,n=user,r=x",
        "n,a=admin,n=user,r=x",
        "n,,m=x,n=user,r=x",
        "n,,n=us=er,r=x",
        "n,,n=,r=x",
        "n,,n=user,r=",
        "n,,n=user",
        "user",
    ] {
        assert_eq!(said(exchange(&accounts).step(first.as_bytes())), "NotAuthorized", "{first}");
    }
    assert_eq!(said(exchange(&accounts).step(&[0xff])), "NotAuthorized");
    assert!(said(exchange(&accounts).step(b"n,a=user,n=user,r=x")).starts_with("r=x"));
}

#[test]
fn a_name_nobody_has_looks_like_one_somebody_has() {
    let accounts = Arc::<Rfc>::default();
    let challenge =
        |name: &str| said(exchange(&accounts).step(format!("n,,n={name},r=x").as_bytes()));
    assert_eq!(challenge("ghost"), challenge("ghost"));
    assert_ne!(challenge("ghost"), challenge("ghost2"));
    let mut scram = exchange(&accounts);
    scram.step(b"n,,n=ghost,r=rOprNGfwEbeRWgbNEkqO");
    let last = format!("c=biws,r={NONCE},p={PROOF}");
    assert_eq!(said(scram.step(last.as_bytes())), "NotAuthorized");
    assert_eq!(plain_name("a=2Cb=3Dc").as_deref(), Some("a,b=c"));
}
