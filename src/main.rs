//! The `gearmesh` program: hands the command line to the library and turns its answer into an exit code.

#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    gearmesh::cli::main()
}
