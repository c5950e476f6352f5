//! Sessions that outlive their connection, as a fold over the committed log.
//!
//! [`Ledger`] follows the log and knows every logged session: its subscriptions, what it is owed and
//! what it acknowledged, its QoS 2 ids, its will. It never matches a topic and never appends. The
//! cores of the broker log what happens ([`fabric::SessionChange`], [`fabric::Record::Owed`]). The
//! ledger adds it up, and hands what is owed to connected sessions, through an [`Outlet`]. After a
//! crash its state is the newest checkpoint and the log after it.

mod checkpoint;
mod command;
mod config;
mod delivery;
mod error;
mod feed;
mod fold;
mod follow;
mod info;
mod ledger;
mod logged_publish;
mod owed;
mod query;
mod reader;
mod session;
mod subscription;
mod topics;

pub use checkpoint::fuzz;
pub use config::Config;
pub use delivery::{Attach, Delivery, Expired, Outlet, PACKET_ID_MAX, PassOn, Place};
pub use error::Error;
pub use fold::{Consumer, SharedRetained};
pub use follow::Steps;
pub use info::{Dropped, PlainRetained, Restored, SessionInfo, Stats};
pub use ledger::{Ledger, Parts};
pub use logged_publish::{Ids, LoggedPublish};
pub use subscription::Subscription;
pub use topics::Topics;
