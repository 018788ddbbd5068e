//! A real Emacs, without a screen, works in a tree with Nova as its language server, by eglot.

use std::path::Path;
use std::process::Command;

use super::shapes;
use crate::programs::programs;

#[test]
fn a_real_emacs_finds_what_there_is_and_what_is_saved() {
    let emacs = |args: &[&str]| {
        let mut command = Command::new("emacs");
        command.args(["--batch", "--no-init-file"]).args(args);
        command
    };
    let eglot = "(progn (require 'package) (package-initialize) (require 'eglot))";
    if !emacs(&["--eval", eglot]).output().is_ok_and(|it| it.status.success()) {
        assert!(std::env::var_os("CI").is_none(), "emacs is missing, or its eglot");
        eprintln!("there is no emacs with eglot: nothing is tested");
        return;
    }
    let sandbox = shapes();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/system/lsp/emacs.el");
    let output = emacs(&["--load", script.to_str().unwrap()])
        .env("NOVA", &programs().nova)
        .env("NOVA_CACHE", sandbox.cache())
        .env("NOVA_TREE", sandbox.file(""))
        .env("HOME", sandbox.path("home"))
        .output()
        .unwrap();
    let (seen, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let expected = "managed: t
symbol: 2: class Circle extends Shape { Shape inner; }
outline: Shape sides add Color RED GREEN
hover: public class Helper
definition: Helper.java 2
saved: 26: class Saved {}
ended: t
";
    assert_eq!(seen, expected, "{errors}");
}
