//! Auditors: what must hold after each step, and at the end.

mod journal;
mod promises;
mod views;
mod wills;

pub(crate) use journal::Journal;
pub(crate) use promises::Promises;
pub(crate) use views::judge_views;
