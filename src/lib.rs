//! gearmesh reads the configuration of a Python web stack as one model and says where its layers contradict each other.

pub mod arguments;
pub mod check;
pub mod cli;
pub mod edit;
pub mod error;
pub mod expr;
pub mod finding;
pub mod formats;
pub mod link;
pub mod model;
pub mod outcome;
pub mod read;
pub mod report;
pub mod rule;
pub mod rules;
pub mod source;
pub mod value;
pub mod vocabulary;
