//! What people meet: help, errors and their exit codes, lines to click, colour, closed pipes.

use std::io::{BufRead, BufReader};

use crate::sandbox::{Sandbox, large_class};

const MAP: &str = "package p;\n/** A map. */\npublic class HashMap {\n  void put(int key) {}\n}\n";

fn maps() -> Sandbox {
    Sandbox::new(&[
        ("p/HashMap.java", MAP),
        ("p/q/LinkedHashMap.java", "package p.q; class LinkedHashMap {}"),
    ])
}

#[test]
fn every_command_shows_an_example() {
    let sandbox = Sandbox::new(&[]);
    let help = sandbox.nova(["--help"]).ok().text();
    assert!(help.contains("Example"), "{help}");
    for command in [
        &["index"][..],
        &["search"],
        &["export"],
        &["explain"],
        &["status"],
        &["cache"],
        &["cert"],
        &["cert", "init"],
        &["cert", "worker"],
        &["cert", "token"],
        &["cert", "list"],
        &["cert", "revoke"],
        &["cert", "renew"],
        &["worker"],
        &["completions"],
    ] {
        let help = sandbox.nova(command.iter().chain(&["--help"])).ok().text();
        assert!(help.contains("Example"), "{command:?}: {help}");
        if command != ["completions"] && command != ["worker"] {
            for option in ["--cache-dir", "--workers", "--color", "--verbose", "--quiet"] {
                assert!(help.contains(option), "{command:?} {option}: {help}");
            }
        }
    }
    let help = sandbox.nova(["search", "--help"]).ok().text();
    assert!(help.contains("nova search \"buffer byte\"") && help.contains("nova search --"));
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    let sandbox = maps();
    let check = |args: &[&str], word: &str| {
        sandbox.nova(args).run().code(2).says(&[word]);
    };
    check(&["serch", "x"], "serch");
    check(&["search"], "QUERY");
    check(&["search", "x", "--limit", "many", "tree"], "--limit");
    check(&["search", "x", "--kind", "klass", "tree"], "enum-constant");
    check(&["search", "-flag", "tree"], "'-- -f'");
    check(&["index", "--max-shard-size", "big", "tree"], "--max-shard-size");
    check(&["index", "-q", "-v", "tree"], "--quiet");
    check(&["export", "--format", "xml", "tree"], "jsonl");
    check(&["completions", "cobol"], "bash");
    check(&["index", "--listen", "unix:s", "tree"], "--auth-token-file");
    check(&["cache", "clean", "tree"], "--cache-dir names the one workspace");
}

#[test]
fn work_without_workers_is_refused() {
    let sandbox = maps();
    for command in [&["index"][..], &["search", "x"], &["export"], &["status"]] {
        let args = command.iter().chain(&["tree", "--workers", "0"]);
        sandbox.nova(args).run().code(1).says(&["--workers 0"]);
    }
}

#[test]
fn a_control_character_in_a_name_does_not_reach_the_terminal() {
    let sandbox = Sandbox::new(&[("a\n\x1b[31m/A.java", "class Odd {}")]);
    let search = sandbox.nova(["search", "Odd", "tree"]).ok().says_nothing();
    assert!(search.text().starts_with("tree/a%0A%1B[31m/A.java:1:7  class"), "{}", search.text());
}

#[test]
fn several_words_without_quotes_are_taught() {
    let sandbox = maps();
    let missing = sandbox.nova(["search", "hash", "map"]).run().code(1);
    missing.says(&["map: no such folder or archive", "nova search \"buffer byte\""]);
}

#[test]
fn two_dashes_stand_before_a_query_that_starts_with_one() {
    let sandbox = maps();
    let search = sandbox.nova(["search", "--json", "--", "-flag", "tree"]).ok();
    assert_eq!(search.text(), "");
}

#[test]
fn a_result_can_be_clicked() {
    let sandbox = maps();
    let search = sandbox.nova(["search", "HashMap", "tree"]).ok().says_nothing();
    let lines: Vec<String> = search.text().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].starts_with("tree/p/HashMap.java:3:14  class"), "{lines:?}");
    assert!(lines[1].starts_with("tree/p/q/LinkedHashMap.java:1:20  class"), "{lines:?}");
    assert!(!search.text().contains('\x1b'), "{lines:?}");
}

#[test]
fn an_empty_result_is_done() {
    let sandbox = maps();
    let search = sandbox.nova(["search", "NoSuchSymbol", "tree"]).ok();
    assert_eq!(search.text(), "");
    search.says(&["NoSuchSymbol"]);
}

#[test]
fn a_list_that_was_cut_says_so() {
    let sandbox = Sandbox::new(&[("p/A.java", &large_class("p", "A", 100))]);
    let search = sandbox.nova(["search", "field", "tree"]).ok();
    assert_eq!(search.text().lines().count(), 50);
    search.says(&["50 of 100", "--limit"]);
    let search = sandbox.nova(["search", "field", "tree", "--limit", "7", "--json"]).ok();
    assert_eq!(search.json_lines().len(), 7);
    search.says(&["\"cut\":true", "\"total\":100"]);
    let search = sandbox.nova(["search", "field", "tree", "--limit", "100", "--json"]).ok();
    assert_eq!(search.json_lines().len(), 100);
    search.says(&["\"cut\":false"]);
}

#[test]
fn kinds_are_chosen_by_name_and_add_up() {
    let sandbox = Sandbox::new(&[(
        "p/Part.java",
        "package p; class Part { int part; void part() {} Part() {} }",
    )]);
    let kinds = |chosen: &[&str]| {
        let args = ["search", "--json", "part", "tree"];
        let mut kinds = sandbox.nova(args.iter().chain(chosen)).ok().strings("kind");
        kinds.sort();
        kinds
    };
    assert_eq!(kinds(&[]), ["class", "constructor", "field", "method"]);
    assert_eq!(kinds(&["--kind", "method"]), ["method"]);
    assert_eq!(kinds(&["--kind", "method", "--kind=class"]), ["class", "method"]);
}

#[test]
fn the_best_match_comes_first() {
    let sandbox = Sandbox::new(&[(
        "p/Names.java",
        "package p; class HashMap {} class HashMapTest {} class LinkedHashMap {} class HeavyMetal {}
         class hashmap {} class Harmless {}",
    )]);
    let names = sandbox.found("HashMap");
    assert_eq!(names[0], "HashMap");
    assert!(names.contains(&"LinkedHashMap".to_owned()), "{names:?}");
    assert!(!names.contains(&"Harmless".to_owned()), "{names:?}");
    let camel = sandbox.found("HM");
    assert!(
        ["HashMap", "HeavyMetal", "LinkedHashMap"].iter().all(|n| camel.iter().any(|c| c == n))
    );
}

#[test]
fn colour_is_for_terminals_unless_it_is_asked_for() {
    let sandbox = maps();
    let is_painted = |options: &[&str], no_color: &str| {
        let args = ["search", "HashMap", "tree"];
        let run = sandbox.nova(args.iter().chain(options)).env("NO_COLOR", no_color);
        run.ok().text().contains('\x1b')
    };
    assert!(!is_painted(&[], ""));
    assert!(!is_painted(&["--color", "auto"], ""));
    assert!(!is_painted(&["--color", "never"], ""));
    assert!(is_painted(&["--color", "always"], ""));
    assert!(is_painted(&["--color", "always"], "1"));
    assert!(!is_painted(&["--color", "auto"], "1"));
    let failed = |options: &[&str]| {
        sandbox.nova(["search", "x", "nowhere"].iter().chain(options)).run().code(1).stderr
    };
    assert!(failed(&["--color", "always"]).contains('\x1b'));
    assert!(!failed(&[]).contains('\x1b'));
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let sandbox = Sandbox::new(&[("p/A.java", &large_class("p", "A", 2000))]);
    sandbox.index();
    for args in [
        &["export", "tree"][..],
        &["export", "--format", "ctags", "tree"],
        &["search", "--limit", "4000", "--json", "", "tree"],
        &["search", "--limit", "4000", "", "tree"],
    ] {
        let mut running = sandbox.nova(args).start();
        let mut line = String::new();
        BufReader::new(running.take_stdout()).read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        let ended = running.end().code(0);
        assert!(
            !ended.stderr.contains("error") && !ended.stderr.contains("panic"),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn quiet_leaves_results_and_errors() {
    let sandbox = Sandbox::new(&[("p/A.java", "class A {}")]);
    sandbox.write("p/L.java", b"class L { } // \xe9");
    sandbox.write("empty/readme.md", "");
    sandbox.nova(["index", "-q", "tree"]).ok().says_nothing();
    sandbox.nova(["index", "-q", "tree/empty"]).ok().says_nothing();
    sandbox.nova(["index", "-q", "nowhere"]).run().code(1).says(&["nowhere"]);
}

#[test]
fn the_log_is_filtered_by_the_environment() {
    let sandbox = maps();
    let logged = sandbox.nova(["index", "tree"]).env("NOVA_LOG", "debug").ok();
    assert!(logged.stderr.contains("DEBUG"), "{}", logged.stderr);
    let quiet = sandbox.nova(["index", "tree"]).env("NOVA_LOG", "off").ok();
    assert_eq!(quiet.stderr, "");
}

#[test]
fn completions_are_printed_for_every_shell() {
    let sandbox = Sandbox::new(&[]);
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = sandbox.nova(["completions", shell]).ok().says_nothing().text();
        assert!(script.contains("nova") && script.contains("search"), "{shell}: {script}");
    }
}
