//! Who may connect: the hook behind which identities live.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use broker_codec::{Connect, ReasonCode};
use uns_model::OrgId;
use zeroize::Zeroizing;

use crate::absent::{Absent, owner};
use crate::access::{Access, Action, Everything};
use crate::access_guard;
use crate::peer::Peer;
use crate::tried::{Proof, Tried};

/// What is known of a client that wants to connect. Its password is in no debug output.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// Its client id; empty if the broker is to choose one.
    pub client_id: &'a str,
    /// User Name.
    pub user_name: Option<&'a str>,
    /// Password.
    pub password: Option<&'a [u8]>,
    /// Where it comes from and how.
    pub peer: &'a Peer,
}

impl<'a> Login<'a> {
    /// That of a CONNECT.
    pub(crate) fn of(connect: &Connect<'a>, peer: &'a Peer) -> Self {
        let Connect { client_id, user_name, password, .. } = *connect;
        Self { client_id, user_name, password, peer }
    }
}

impl fmt::Debug for Login<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login")
            .field("client_id", &self.client_id)
            .field("user_name", &self.user_name)
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

/// A password in memory of its own, which is overwritten when it is let go.
#[derive(Clone)]
pub struct Password(Zeroizing<Vec<u8>>);

impl Password {
    /// Copies a password.
    pub fn new(password: &[u8]) -> Self {
        Self(Zeroizing::new(password.to_vec()))
    }
}

impl Deref for Password {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// A [`Login`] that outlives its CONNECT, for a check that takes its time.
#[derive(Clone, Debug)]
pub struct OwnedLogin {
    /// Its client id; empty if the broker is to choose one.
    pub client_id: Box<str>,
    /// User Name.
    pub user_name: Option<Box<str>>,
    /// Password.
    pub password: Option<Password>,
    /// Where it comes from and how.
    pub peer: Peer,
    /// How long it waited to be verified.
    pub waited: Duration,
}

impl OwnedLogin {
    /// Copies a login.
    pub fn new(login: &Login<'_>) -> Self {
        Self {
            client_id: login.client_id.into(),
            user_name: login.user_name.map(Into::into),
            password: login.password.map(Password::new),
            peer: login.peer.clone(),
            waited: Duration::ZERO,
        }
    }

    /// As [`Authenticate::authenticate`] saw it.
    pub fn as_login(&self) -> Login<'_> {
        Login {
            client_id: &self.client_id,
            user_name: self.user_name.as_deref(),
            password: self.password.as_deref(),
            peer: &self.peer,
        }
    }
}

/// Who a client turned out to be, and what it may do.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The organisation whose topics it sees (NS-34).
    pub org: OrgId,
    /// Its name: a user, a device, or `anonymous`.
    pub name: Arc<str>,
    /// Its account, told apart from every other account of its organisation, also where two have
    /// the same name. `None` for a client without a log-in. Client ids and sessions belong to
    /// accounts, and the log notes whose a session is.
    pub account: Option<Arc<str>>,
    /// What it may publish and receive.
    pub access: Arc<dyn Access>,
}

impl Identity {
    /// The name of clients without a log-in.
    pub const ANONYMOUS: &str = "anonymous";

    /// Somebody with a name, which is that of the account as well.
    pub fn new(org: OrgId, name: &str, access: Arc<dyn Access>) -> Self {
        let name: Arc<str> = name.into();
        Self { org, account: Some(Arc::clone(&name)), name, access }
    }

    /// Nobody in particular, in the default organisation, who may do everything.
    pub fn anonymous() -> Self {
        static NAME: LazyLock<Arc<str>> = LazyLock::new(|| Identity::ANONYMOUS.into());
        let (name, access) = (Arc::clone(&NAME), Everything::shared());
        Self { org: OrgId::DEFAULT, name, account: None, access }
    }

    /// The owner of its session as the log names it. What is noted beside the account is for its will,
    /// where there is one.
    pub(crate) fn owner(&self, with_will: bool) -> Option<Cow<'_, str>> {
        let account = self.account.as_deref()?;
        let noted = with_will.then(|| access_guard::noted(&*self.access)).flatten();
        Some(owner(account, noted.as_deref()))
    }
}

/// For whom a client id is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reservation {
    /// For nobody: the first account to use it owns it.
    Nobodys,
    /// For the account that asks: it gets the id even where another one uses it.
    Own,
    /// For another account: this one is refused.
    Anothers,
}

/// What is known of a log-in at once.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Who it is, or the reason for CONNACK.
    Known(Result<Identity, ReasonCode>),
    /// [`Authenticate::verify`] has to look at it, on a thread that may block. The client waits.
    Ask,
    /// The reason for CONNACK, which the client hears after this time: as long as it would have
    /// taken to verify it, so that the time does not tell why it is refused.
    Refused(ReasonCode, Duration),
}

/// Decides who may connect, and who that is.
pub trait Authenticate: Send + Sync {
    /// Who this is, as far as that is quickly told: it runs on a core thread, where all its other
    /// connections wait, and must not block.
    fn authenticate(&self, login: &Login<'_>) -> Verdict;

    /// Who this is. It runs off the core and may take a while, as a password hash does.
    ///
    /// # Errors
    /// The reason for CONNACK.
    fn verify(&self, login: &OwnedLogin) -> Result<Identity, ReasonCode> {
        match self.authenticate(&login.as_login()) {
            Verdict::Known(known) => known,
            Verdict::Refused(reason, _) => Err(reason),
            Verdict::Ask => Err(ReasonCode::NotAuthorized),
        }
    }

    /// Whether a client id is spoken for before anybody uses it, because it is the name of an
    /// account. Asked on a core thread, so it must be quick.
    fn reservation(&self, _client_id: &str, _identity: &Identity) -> Reservation {
        Reservation::Nobodys
    }

    /// Whether an account still exists ([`Identity::account`]). The sessions of those that do not
    /// are ended.
    fn has_account(&self, _org: OrgId, _account: &str) -> bool {
        true
    }

    /// What somebody who is not connected may do now, when the will they left is due; nothing if they
    /// may not do anything any more. Asked on a core thread, so it must be quick.
    fn rights_of(&self, absent: &Absent<'_>) -> Option<Arc<dyn Access>> {
        absent.account.is_none().then(Everything::shared)
    }

    /// Whose account a log-in tries. Failures count under this name, whatever User Name says.
    fn tried<'l>(&self, login: &Login<'l>) -> Tried<'l> {
        Tried { name: login.user_name.map(Cow::Borrowed), proof: Proof::default() }
    }

    /// Begins enhanced authentication with a method; `None` if the method is not known here.
    fn exchange(&self, _method: &str, _login: &Login<'_>) -> Option<Box<dyn Exchange>> {
        None
    }
}

/// One enhanced authentication under way (MQTT 5, section 4.12).
pub trait Exchange: Send {
    /// What follows from the data of the client's CONNECT (empty if it has none) or AUTH. It runs
    /// on a core thread and must not block.
    fn step(&mut self, data: &[u8]) -> Step;

    /// The name it is about, once the client has said it.
    fn name(&self) -> Option<&str> {
        None
    }
}

/// How an [`Exchange`] goes on.
#[derive(Clone, Debug)]
pub enum Step {
    /// The client is sent this, and asked for more.
    Continue(Vec<u8>),
    /// It is over.
    Done {
        /// Who the client is.
        identity: Identity,
        /// The last word of the method to the client.
        data: Vec<u8>,
    },
    /// The client is refused for this reason.
    Refused(ReasonCode),
}

impl<F> Authenticate for F
where
    F: Fn(&Login<'_>) -> Result<Identity, ReasonCode> + Send + Sync,
{
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        Verdict::Known(self(login))
    }
}

/// Everybody is welcome where listeners let in clients without a log-in, but whoever came through
/// a proxy: who is behind one is not known to be on this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Authenticate for Anonymous {
    fn authenticate(&self, login: &Login<'_>) -> Verdict {
        if login.peer.proxied || !login.peer.anonymous_allowed {
            return Verdict::Known(Err(ReasonCode::NotAuthorized));
        }
        Verdict::Known(Ok(Identity::anonymous()))
    }
}

/// Whether somebody has the right to publish to a topic.
pub(crate) fn may_publish(identity: Option<&Identity>, topic: &str) -> bool {
    identity.is_some_and(|identity| identity.access.allows(Action::Publish, topic))
}
