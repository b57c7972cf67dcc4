//! Embeds every rule file and its cases, so that adding a rule is adding files: `rules/**/*.yaml` and `testdata/rules/*.md` become
//! tables in OUT_DIR, the cases compressed, and so do the signatures of log lines in `rules/signatures/` and the vocabulary tables
//! `grammar/*.toml` (`build/`): constants, because every start would have to read them otherwise, but for signatures, which are JSON.
//! So does what was proven, `testdata/proofs/proven.toml`. What has not the shape of a rule, a signature or a row stops the build.

#![forbid(unsafe_code)]

#[path = "build/gunicorn.rs"]
mod gunicorn;
#[path = "src/vocabulary/hash.rs"]
mod hash;
#[path = "build/model.rs"]
mod model;
#[path = "build/nginx.rs"]
mod nginx;
#[path = "build/proofs.rs"]
mod proofs;
#[path = "build/rules.rs"]
mod rules;
#[path = "src/logs/signatures/shape.rs"]
mod signature;
#[path = "build/source.rs"]
mod source;
#[path = "build/systemd.rs"]
mod systemd;

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The folder below that of the rules whose files are no rules.
const SIGNATURES: &str = "rules/signatures";

/// Which rules were proven, with what.
const PROVEN: &str = "testdata/proofs/proven.toml";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    println!("cargo::rerun-if-changed=src/logs/signatures/shape.rs");
    println!("cargo::rerun-if-changed=src/vocabulary/hash.rs");
    for shared in ["shape", "condition/parse", "condition/syntax", "condition/template"] {
        println!("cargo::rerun-if-changed=src/rules/{shared}.rs");
    }
    embed("rules", "yaml", "rules.rs", rules::source)?;
    embed(SIGNATURES, "yaml", "signatures.rs", signature)?;
    pack("testdata/rules", "md", "cases.gz")?;
    proven()?;
    constants("gunicorn", gunicorn::source)?;
    constants("model", model::source)?;
    constants("nginx", nginx::source)?;
    constants("systemd", systemd::source)?;
    let includes: toml::Value = toml::from_str(&grammar("includes")?).map_err(io::Error::other)?;
    fs::write(out("includes.json"), serde_json::to_string(&includes).map_err(io::Error::other)?)
}

/// Writes what was proven, for `src/rules.rs`.
fn proven() -> io::Result<()> {
    println!("cargo::rerun-if-changed={PROVEN}");
    let rust = proofs::source(&fs::read_to_string(PROVEN)?).map_err(|error| io::Error::other(format!("{PROVEN}: {error}")))?;
    fs::write(out("proofs.rs"), rust)
}

/// Writes a table as the constants that its module of `vocabulary` includes.
fn constants(table: &str, source: impl Fn(&str) -> Result<String, String>) -> io::Result<()> {
    let rust = source(&grammar(table)?).map_err(|error| io::Error::other(format!("grammar/{table}.toml: {error}")))?;
    fs::write(out(&format!("{table}.rs")), rust)
}

fn grammar(table: &str) -> io::Result<String> {
    let path = format!("grammar/{table}.toml");
    println!("cargo::rerun-if-changed={path}");
    fs::read_to_string(&path)
}

fn out(name: &str) -> PathBuf {
    PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join(name)
}

/// A signature as its path and JSON.
fn signature(file: &Path, yaml: &str) -> Result<String, String> {
    let text: signature::SignatureText = serde_yaml::from_str(yaml).map_err(|error| error.to_string())?;
    let json = serde_json::to_string(&text).map_err(|error| error.to_string())?;
    Ok(format!("({file:?}, {json:?})"))
}

/// Writes files as one compressed text: each one's path, a line break, its text and a separator.
fn pack(folder: &str, extension: &str, table: &str) -> io::Result<()> {
    println!("cargo::rerun-if-changed={folder}");
    let mut files = Vec::new();
    collect(Path::new(folder), extension, &mut files)?;
    files.sort();
    // The header of gzip has no time unless it is given one: equal files are equal bytes.
    let mut packed = GzEncoder::new(fs::File::create(out(table))?, Compression::best());
    for file in files {
        let text = fs::read_to_string(&file)?;
        if text.contains('\u{1f}') {
            return Err(io::Error::other(format!("{}: it holds a separator", file.display())));
        }
        packed.write_all(format!("{}\n{text}\u{1f}", file.display()).as_bytes())?;
    }
    packed.finish().map(drop)
}

fn embed(folder: &str, extension: &str, table: &str, row: impl Fn(&Path, &str) -> Result<String, String>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={folder}");
    let mut files = Vec::new();
    collect(Path::new(folder), extension, &mut files)?;
    files.sort();
    let mut rows = String::new();
    for file in files {
        let row = row(&file, &fs::read_to_string(&file)?);
        let row = row.map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
        rows.push_str(&format!("    {row},\n"));
    }
    fs::write(out(table), format!("&[\n{rows}]\n"))
}

fn collect(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path == Path::new(SIGNATURES) {
            continue;
        }
        if path.is_dir() {
            collect(&path, extension, files)?;
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    Ok(())
}
