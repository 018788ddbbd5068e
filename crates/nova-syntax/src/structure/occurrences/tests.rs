//! In each text the occurrences of one name are marked: `[a]` is read and `[[a]]` written. From any of
//! them all of them are found, and no other.

use super::super::Structure;

#[track_caller]
fn check(marked: &str) {
    let mut text = String::new();
    let mut expected = Vec::new();
    let mut rest = marked;
    while let Some(at) = rest.find('[') {
        text.push_str(&rest[..at]);
        let is_written = rest[at..].starts_with("[[");
        let (open, close) = if is_written { ("[[", "]]") } else { ("[", "]") };
        let (name, behind) = rest[at + open.len()..].split_once(close).expect("a mark is closed");
        expected.push((text.len(), text.len() + name.len(), is_written));
        text.push_str(name);
        rest = behind;
    }
    text.push_str(rest);
    let structure = Structure::parse(&text).expect("the text is small");
    for (start, _, _) in &expected {
        let found: Vec<_> = structure
            .occurrences(*start)
            .iter()
            .map(|found| (found.span.start as usize, found.span.end as usize, found.is_written))
            .collect();
        assert_eq!(found, expected, "{text} at {start}");
    }
}

#[track_caller]
fn check_in_method(body: &str) {
    check(&format!("class A {{ void f(B o) {{ {body} }} }}"));
}

#[test]
fn a_local_variable_is_known_from_its_declaration_to_the_end_of_its_block() {
    check_in_method("x = 1; { int [[x]] = 2, y = [x]; [[x]]++; g([x], this.x); } x();");
    check_in_method("[[x]] = 1; { int x = 2; x++; } g([x], this.[x], o.[x]); [x]();");
    check_in_method("for (int [[i]] = 0; [i] < n; ++[[i]]) { [i].a(); } i++;");
    check_in_method("for (var [[x]] : x) { g([x]); } x++;");
    check_in_method("switch (o) { case 1: int [[x]]; case 2: [[x]] = 1; } x++;");
}

#[test]
fn parameters_are_known_in_their_method_lambda_or_clause() {
    check(
        "class A { int x; void f(int [[x]]) { [[x]] += 1; this.x = [x]; } int g() { return x; } }",
    );
    check(
        "class A { int [[x]]; void f(int x) { x += 1; this.[[x]] = x; } int g() { return [x]; } }",
    );
    check("class A { void f(int... [[x]]) { g([x]); } void g(int... x) { } }");
    check_in_method("g([[x]] -> [x] + 1, x -> x);");
    check_in_method("h(([[x]], y) -> { [x].a(y); }, x);");
    check_in_method("h((int [[x]]) -> [x]::a, x);");
    check_in_method("try (R [[x]] = g(); S s = h([x])) { [x].a(); } catch (E e) { x++; }");
    check_in_method("try { } catch (E | F [[x]]) { throw [x]; } catch (G x) { throw x; }");
}

#[test]
fn a_member_of_an_inner_class_hides_a_local() {
    check_in_method("int [[x]] = 1; new B() { int x; int g() { return x; } }; g([x]);");
    check_in_method(
        "int [[x]] = 1; new B() { int g() { return [x]; } int h(int x) { return x; } };",
    );
    check(
        "class A<[[T]]> { [T] t; class B<T> { T t; } <T> T f(T t) { return t; } [T] g() { h([T]::new); } }",
    );
    check("class A<T> { T t; class B { class [[T]] { } [T] u; } }");
}

#[test]
fn a_patterns_variable_is_known_where_it_has_matched() {
    check_in_method("if (o instanceof B [[x]] && [x].a()) { [x].b(); } else { x.c(); } x.d();");
    check_in_method("if (!(o instanceof B [[x]])) { return; } [x].d();");
    check_in_method("if (!(o instanceof B [[x]]) || [x].a()) { x.b(); } else { [x].c(); } x.d();");
    check_in_method("if (o instanceof B [[x]]) { [x].a(); } else if (o instanceof C x) { x.b(); }");
    check_in_method("a = o instanceof B [[x]] ? [x].a() : x.b();");
    check_in_method("while (!(o instanceof B [[x]])) { x.a(); } [x].b();");
    check_in_method("while (o instanceof B [[x]]) { [x].a(); } x.b();");
    check_in_method("if (o instanceof P(var [[x]], Q(int y)) && [x] > y) { g([x]); } x++;");
    check_in_method("switch (o) { case B [[x]] when [x].a() -> [x].b(); case C x -> x.c(); }");
    check_in_method("switch (o) { case P(B [[x]], var y) -> { [x].b(); } default -> x.c(); }");
}

#[test]
fn labels_and_variables_are_names_apart() {
    check_in_method("[[x]]: for (int x = 0; ; x++) { continue [x]; }");
    check_in_method("x: for (int [[x]] = 0; ; [[x]]++) { continue x; }");
}

#[test]
fn other_names_are_found_in_the_whole_text() {
    check("import a.[B]; @[B] class C extends [B] { [B] b = new [B](); [B].D d; int [[B]]() { } }");
    check("enum A { [[X]], Y; A a = [X]; int f(A a) { return switch (a) { case [X] -> 1; }; } }");
    check("record A(int [[x]]) { A { [[x]] = [x] + 1; } int y() { return [x](); } }");
    check("int [[x]]; void main() { [[x]]++; }");
    check("class A { int [[x]]; void f() { this.[[x]] = [x]; } }");
}

#[test]
fn broken_text_has_what_recovery_finds() {
    check("class A { void f() { int [[x]] = ; g([x]");
}

#[test]
fn there_is_nothing_where_no_identifier_is() {
    let text = "class A { int a = 1; // a\n String b = \"a\"; }";
    let structure = Structure::parse(text).expect("the text is small");
    for at in ["class", "{", "1", "// a", "\"a", "int"] {
        let offset = text.find(at).expect("it is there") + at.len();
        assert_eq!(structure.occurrences(offset), [], "{at}");
    }
    assert_eq!(structure.occurrences(text.len()), []);
}

#[test]
fn hostile_text_takes_bounded_time() {
    let condition = "o instanceof B x && ".repeat(3_000);
    let text = format!("class A {{ void f() {{ if ({condition} x) g(x); }} }}");
    let structure = Structure::parse(&text).expect("the text is flat");
    assert!(!structure.occurrences(text.find("x").expect("it is there")).is_empty());
    let text = format!("class A {{ void f() {{ {} }} }}", "int x = x;".repeat(30_000));
    let structure = Structure::parse(&text).expect("the text is flat");
    assert!(!structure.occurrences(text.find("x").expect("it is there")).is_empty());
}
