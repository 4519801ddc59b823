//! The command line: run, check, lessons.

mod schema;
mod serve;

pub use schema::schema;
pub use serve::Serve;
