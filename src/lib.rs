//! gearmesh reads the configuration of a Python web stack as one model and says where its layers contradict each other.

pub mod cli;
pub mod expr;
pub mod source;
pub mod value;
