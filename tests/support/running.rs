//! A program that a test has started.
#![allow(dead_code)] // Each test uses a part of it.

use std::process::{Child, Command};

/// Ends with its owner, as an operator would end it: nginx and gunicorn take their workers with them.
pub struct Running(pub Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}
