//! The namespace from outside: gates in front of a log in memory, the view behind it.

mod case_collision;
mod cases;
mod checkpoint;
mod checkpoint_while_folding;
mod children;
mod concurrency;
mod delete;
mod deleted_many;
mod ended_fields;
mod fold;
mod gate;
mod model;
mod paging;
mod points;
mod power;
mod refused;
mod refused_names;
mod remarks;
mod rules;
mod sight;
mod world;
