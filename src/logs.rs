//! What logs tell.
//!
//! In: paths of logs on this machine, formats out of the linked stack, tables of metrics, and signatures of the lines of faults. Out:
//! evidence, and the causes that symptoms point to. It opens only what it is told to open, writes nothing, and judges nothing; it knows no
//! rule but by its name. A line that it does not understand is counted, never fatal.

pub mod access;
pub mod errors;
pub mod files;
pub mod likely;
pub mod metrics;
pub mod signatures;
