//! Embeds every rule file and its cases, so that adding a rule is adding files: `rules/**/*.yaml` and `testdata/rules/*.md` become
//! tables of (path, text) in OUT_DIR. The tables `grammar/*.toml` become JSON there, which loads several times faster at every start.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    embed("rules", "yaml", "rules.rs")?;
    embed("testdata/rules", "md", "cases.rs")?;
    for table in ["gunicorn", "nginx", "systemd", "model", "includes"] {
        convert(table)?;
    }
    Ok(())
}

fn convert(table: &str) -> io::Result<()> {
    let path = format!("grammar/{table}.toml");
    println!("cargo::rerun-if-changed={path}");
    let value: toml::Value = toml::from_str(&fs::read_to_string(&path)?).map_err(io::Error::other)?;
    fs::write(out(&format!("{table}.json")), serde_json::to_string(&value).map_err(io::Error::other)?)
}

fn out(name: &str) -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(name)
}

fn embed(folder: &str, extension: &str, table: &str) -> io::Result<()> {
    println!("cargo::rerun-if-changed={folder}");
    let mut files = Vec::new();
    collect(Path::new(folder), extension, &mut files)?;
    files.sort();
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let rows: String = files.iter().map(|file| format!("    ({file:?}, include_str!({:?})),\n", root.join(file))).collect();
    fs::write(out(table), format!("&[\n{rows}]\n"))
}

fn collect(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, extension, files)?;
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    Ok(())
}
