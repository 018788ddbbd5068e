//! Trees of small files, made up.

use std::fs;
use std::path::{Path, PathBuf};

const FILES_PER_PACKAGE: u64 = 20;
const PACKAGES_PER_ROOT: u64 = 50;

/// A monorepo of modules, packages and small classes, no two of one name.
pub fn generate(tree: &Path, files: u64) -> anyhow::Result<()> {
    for number in 0..files {
        let package = number / FILES_PER_PACKAGE;
        let root = package / PACKAGES_PER_ROOT;
        let folder = tree.join(format!("module{root}/src/main/java/org/example/p{package}"));
        if number % FILES_PER_PACKAGE == 0 {
            fs::create_dir_all(&folder)?;
        }
        let text = format!(
            "package org.example.p{package};\n\nimport java.util.List;\n\n\
             /** Generated. */\npublic class Class{number} {{\n    \
             private final List<String> names{number};\n\n    \
             public Class{number}(List<String> names) {{\n        this.names{number} = names;\n    }}\n\n    \
             public int count{number}() {{\n        return names{number}.size();\n    }}\n}}\n"
        );
        fs::write(folder.join(format!("Class{number}.java")), text)?;
    }
    Ok(())
}

/// Changes every other file of such a tree; which those are.
pub fn rewrite_half(tree: &Path, files: u64) -> anyhow::Result<Vec<PathBuf>> {
    let mut changed = Vec::new();
    for number in (0..files).step_by(2) {
        let package = number / FILES_PER_PACKAGE;
        let root = package / PACKAGES_PER_ROOT;
        let file = format!("module{root}/src/main/java/org/example/p{package}/Class{number}.java");
        let file = tree.join(file);
        let text = fs::read_to_string(&file)?.replace("count", "counted");
        fs::write(&file, text)?;
        changed.push(file);
    }
    Ok(changed)
}
