//! Links the command at a fixed address: DataFusion brings 320,000 places that would have to be relocated at every start,
//! which costs milliseconds and 13 MB that a query of next to nothing need not spend. The price: where the program's own
//! code lies is known beforehand; its libraries, its stack and its heap are placed at random as ever.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| std::env::var(name).is_ok_and(|it| it == value);
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-no-pie");
    }
}
