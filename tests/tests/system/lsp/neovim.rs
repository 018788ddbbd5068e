//! A real Neovim, without a screen, works in a tree with Nova as its language server.

use std::path::Path;
use std::process::Command;

use super::shapes;
use crate::programs::programs;

#[test]
fn a_real_neovim_finds_what_there_is_and_what_is_typed_saved_renamed_and_removed() {
    if Command::new("nvim").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "nvim is missing");
        eprintln!("there is no nvim: nothing is tested");
        return;
    }
    let sandbox = shapes();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system/lsp/neovim.lua");
    let mut load = std::ffi::OsString::from("luafile ");
    load.push(script);
    let output = Command::new("nvim")
        .args(["--headless", "-u", "NONE", "-c"])
        .arg(load)
        .env("NOVA", &programs().nova)
        .env("NOVA_CACHE", sandbox.cache())
        .env("NOVA_TREE", sandbox.file(""))
        .env("HOME", sandbox.path("home"))
        .env("XDG_STATE_HOME", sandbox.path("home"))
        .output()
        .unwrap();
    let (seen, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let expected = "symbol: Circle
outline: Shape 4
definition: Helper.java 1
hover: public class Helper
typed: Typed
undone: 
saved: Saved
renamed: Saved
removed: 
";
    assert_eq!(seen.replace('\r', ""), expected, "{errors}");
}
