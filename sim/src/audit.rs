//! Auditors: what must hold after each step, and at the end.

mod files;
mod frames;
mod history;
mod journal;
mod marks;
mod promises;
mod records;
mod views;
mod wills;

pub(crate) use files::Files;
pub(crate) use frames::FrameAt;
pub(crate) use history::{Verdict, judge_answers, judge_samples, look};
pub(crate) use journal::Journal;
pub(crate) use marks::state_at;
pub(crate) use promises::{Promises, is_passing, is_shared};
pub(crate) use views::judge_views;
