//! stub
use crate::edit::Changed;
use crate::error::Error;
use std::path::Path;

pub fn write(_base: &Path, files: &[Changed]) -> Result<(), Error> {
    for file in files {
        std::fs::write(&file.path, &file.after).map_err(|e| Error::Output { reason: e.to_string() })?;
    }
    Ok(())
}
