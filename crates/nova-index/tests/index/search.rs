//! What a query finds, and in which order.

use crate::support::view;
use nova_index::{Query, search};

#[test]
fn packages_that_do_not_match_are_not_found() {
    let view =
        view(&[("a/b/C.java", "package a.b; class C {}"), ("a/D.java", "package a; class D {}")]);
    let found = search(&view, &Query::new("xyzzy", &[]), 10, &|| false).unwrap();
    assert_eq!(found.total, 0, "{:?}", found.hits);
}
