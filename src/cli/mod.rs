//! The command line: run, check, lessons.

mod schema;

pub use schema::schema;
