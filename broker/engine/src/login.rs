//! Who may connect: the hook behind which identities live.

use broker_codec::ReasonCode;
use uns_model::OrgId;

/// What is known of a client that wants to connect.
#[derive(Clone, Copy, Debug)]
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

/// The other end of a connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Peer {
    /// Its address, in words.
    pub address: Box<str>,
    /// The listener it came to.
    pub listener: Box<str>,
    /// Its certificate in DER, if it showed one that was checked.
    pub certificate: Option<Box<[u8]>>,
}

/// Who a client turned out to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The organisation whose topics it sees (NS-34).
    pub org: OrgId,
}

/// Decides who may connect. It runs on a core thread and must not block.
pub trait Authenticate: Send + Sync {
    /// Who this is.
    ///
    /// # Errors
    /// The reason for CONNACK.
    fn authenticate(&self, login: &Login<'_>) -> Result<Identity, ReasonCode>;
}

impl<F> Authenticate for F
where
    F: Fn(&Login<'_>) -> Result<Identity, ReasonCode> + Send + Sync,
{
    fn authenticate(&self, login: &Login<'_>) -> Result<Identity, ReasonCode> {
        self(login)
    }
}

/// Everybody is welcome, in the default organisation.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Authenticate for Anonymous {
    fn authenticate(&self, _: &Login<'_>) -> Result<Identity, ReasonCode> {
        Ok(Identity { org: OrgId::DEFAULT })
    }
}
