//! The `gearmesh` program: hands the command line to the library and turns its answer into an exit code.

#![forbid(unsafe_code)]

#[cfg(target_env = "musl")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    gearmesh::cli::main()
}
