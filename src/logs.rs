//! What logs tell.
//!
//! In: paths of logs on this machine, formats out of the linked stack, and tables of metrics. Out: evidence. It opens only what it is
//! told to open, writes nothing, and judges nothing. A line that it does not understand is counted, never fatal.

pub mod access;
pub mod files;
pub mod metrics;
