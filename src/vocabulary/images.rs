//! Container images by name: what /bin/sh is in them, and what they leave as it is.
//!
//! In: the name of an image as FROM gives it. Out: what is known of it, and nothing for images whose name tells nothing. From the
//! Dockerfiles of Docker's official images and the distributions' own defaults: Debian and Ubuntu have dash, Alpine BusyBox's ash,
//! the Red Hat family, Amazon Linux, SUSE and Arch bash.

/// What is known of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// The program behind /bin/sh: dash, ash or bash.
    pub sh: Option<&'static str>,
    /// The folder it starts in, where it sets none of its own.
    pub directory: Option<&'static str>,
    /// It sets no variable that gunicorn or an application reads.
    pub sets_no_variable: bool,
}

/// Images on Debian that leave their folder at `/`.
const ON_DEBIAN: &[&str] = &["python", "debian", "node", "nginx", "buildpack-deps"];
/// Names that only releases of Debian and Ubuntu have.
const RELEASES: &[&str] =
    &["stretch", "buster", "bullseye", "bookworm", "trixie", "bionic", "focal", "jammy", "noble", "debian", "ubuntu"];
const WITH_BASH: &[&str] = &[
    "ubi",
    "ubi-minimal",
    "fedora",
    "centos",
    "rockylinux",
    "almalinux",
    "oraclelinux",
    "amazonlinux",
    "opensuse",
    "leap",
    "archlinux",
];
/// Registries that hold Docker's official images under the same names.
const MIRRORS: &[&str] = &[
    "docker.io/library/",
    "docker.io/",
    "library/",
    "public.ecr.aws/docker/library/",
    "mirror.gcr.io/library/",
    "mirror.gcr.io/",
];

/// What is known of the image of that name, with tag.
pub fn base(image: &str) -> Option<Base> {
    let image = image.split('@').next()?.to_ascii_lowercase();
    let short = MIRRORS.iter().find_map(|mirror| image.strip_prefix(mirror)).unwrap_or(&image);
    let (name, tag) = match short.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, tag),
        _ => (short, ""),
    };
    let is_official = !name.contains('/');
    let known = |sh| Base { sh: Some(sh), directory: is_official.then_some("/"), sets_no_variable: is_official };
    let last = name.rsplit('/').next()?;
    let parts = || tag.split(['-', '.', '_']).chain(last.split('-'));
    if tag.contains("windows") || name == "scratch" {
        return Some(Base { sh: None, directory: Some("/"), sets_no_variable: name == "scratch" });
    }
    if tag.contains("alpine") || last == "alpine" || is_official && last == "busybox" {
        return Some(known("ash"));
    }
    if is_official && ON_DEBIAN.contains(&name) || parts().any(|part| RELEASES.contains(&part)) {
        return Some(known("dash"));
    }
    // The images of FastAPI's author are python's, with a folder and a command of their own.
    if name.starts_with("tiangolo/uvicorn-gunicorn") || name.starts_with("tiangolo/meinheld-gunicorn") {
        return Some(Base { sh: Some("dash"), directory: None, sets_no_variable: false });
    }
    let bash = WITH_BASH.iter().any(|known| {
        last == *known || last.strip_prefix(known).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    });
    bash.then_some(Base { sh: Some("bash"), directory: None, sets_no_variable: false })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_shell() {
        let sh = |image: &str| base(image).and_then(|base| base.sh);
        for image in [
            "python:3.12",
            "python:3.12-slim",
            "docker.io/library/python",
            "ghcr.io/astral-sh/uv:python3.12-bookworm-slim",
            "ubuntu:22.04",
            "acme/base:1-bullseye",
            "python@sha256:ab",
        ] {
            assert_eq!(sh(image), Some("dash"), "{image}");
        }
        for image in ["python:3.12-alpine", "alpine:3.20", "registry.example:5000/python:3-alpine3.19"] {
            assert_eq!(sh(image), Some("ash"), "{image}");
        }
        for image in
            ["fedora:40", "registry.access.redhat.com/ubi9/python-311", "registry.access.redhat.com/ubi9:9.4", "amazonlinux:2023"]
        {
            assert_eq!(sh(image), (!image.contains("python")).then_some("bash"), "{image}");
        }
        for image in ["acme/python:3.12", "registry.example:5000/acme", "gcr.io/distroless/python3", "python:3-windowsservercore"]
        {
            assert_eq!(sh(image), None, "{image}");
        }
    }
}
