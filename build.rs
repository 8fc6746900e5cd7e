//! Rebuilds when a file is added to the folders that are embedded.

fn main() {
    println!("cargo::rerun-if-changed=scripts");
    println!("cargo::rerun-if-changed=stdlib");
}
