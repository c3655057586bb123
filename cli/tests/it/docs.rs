//! Every command in README, docs/ and the READMEs of deploy/ and transformer/ runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::support::Place;

/// Commands that are documented and not run here, because they are what runs this.
const NOT_HERE: [&str; 4] = [
    "cargo test --workspace",
    "cargo install --path cli",
    ".ci/run",
    "tests/clients/run",
];

fn pages(root: &Path) -> Vec<PathBuf> {
    let pages = ["README.md", "deploy/README.md", "transformer/README.md"];
    let mut pages: Vec<_> = pages.iter().map(|page| root.join(page)).collect();
    let mut folders = vec![root.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

/// The commands of a page: the lines of its `sh` blocks, continued where they end in a backslash.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in page.split("```sh\n").skip(1) {
        let block = block.split("```").next().unwrap().replace("\\\n", " ");
        commands.extend(
            block
                .lines()
                .map(|line| line.split("  # ").next().unwrap().trim().to_owned()),
        );
    }
    commands.retain(|command| !command.is_empty() && !command.starts_with('#'));
    commands
}

#[test]
fn every_documented_command_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap();
    let binaries = Path::new(env!("CARGO_BIN_EXE_hydrant")).parent().unwrap();
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").unwrap());
    let mut ran = 0;
    for page in pages(&root) {
        // The commands of a page build on each other, in a copy of what a clone has.
        let place = Place::new();
        for (name, content) in hydrant_testing::files(&root.join("examples")).unwrap() {
            place.file(&format!("examples/{name}"), content);
        }
        for (name, content) in hydrant_testing::files(&root.join("deploy/sam")).unwrap() {
            place.file(&format!("deploy/sam/{name}"), content);
        }
        for command in commands(&fs::read_to_string(&page).unwrap()) {
            if NOT_HERE.contains(&command.as_str()) {
                continue;
            }
            let here = command.replace("cargo run --release -- ", "hydrant ");
            let done = Command::new("bash")
                .args(["-euo", "pipefail", "-c", &here])
                .current_dir(place.path())
                .env("PATH", &path)
                // What the command keeps for its user is none of the user's.
                .env("HOME", place.path())
                .env_remove("XDG_CACHE_HOME")
                .env_remove("XDG_STATE_HOME")
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&done.stderr);
            assert!(
                done.status.success(),
                "{}: {command}\n{said}",
                page.display()
            );
            ran += 1;
        }
    }
    assert!(ran > 0, "no command was found");
}

#[test]
fn the_map_names_every_folder_and_every_crate_says_what_it_is() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .canonicalize()
        .unwrap();
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest.split("members = [").nth(1).unwrap();
    let members: Vec<&str> = members
        .split(']')
        .next()
        .unwrap()
        .split([',', '\n'])
        .map(|member| member.trim().trim_matches('"'))
        .filter(|member| !member.is_empty())
        .collect();
    assert!(members.len() > 8, "{members:?}");
    let map = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    for folder in members
        .iter()
        .chain(&["examples", "tests/clients", "bench", "docs", ".ci"])
    {
        assert!(
            map.contains(&format!("| `{folder}/` |")),
            "docs/architecture.md lacks {folder}/"
        );
    }
    for folder in members
        .iter()
        .chain(&["examples", "tests", "bench", "docs"])
    {
        // README names the rooms, the map also what is in them.
        let folder = folder.split('/').next().unwrap();
        assert!(
            readme.contains(&format!("`{folder}/`")),
            "README.md lacks {folder}/"
        );
    }
    for member in members {
        let source = root.join(member).join("src");
        let front = ["lib.rs", "main.rs"].map(|file| fs::read_to_string(source.join(file)));
        let front = front.into_iter().flatten().next().unwrap();
        assert!(front.starts_with("//!"), "{member} does not say what it is");
    }
}
