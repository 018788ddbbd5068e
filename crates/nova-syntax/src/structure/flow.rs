//! Where a pattern's variable is in scope: where the pattern is known to have matched (JLS §6.3).

use tree_sitter::Node;

use super::scopes::{is_field, whole};

/// A variable is not followed further out of an expression than this.
const EXPRESSION_DEPTH_MAX: usize = 64;

/// How a statement ends is not looked into further than this.
const STATEMENTS_MAX: usize = 64;

/// The scopes, starts and ends, of the variable that begins at `start` in a pattern whose ancestors
/// are `path`, the root first.
pub(super) fn scopes(start: usize, path: &[Node<'_>]) -> Vec<(usize, usize)> {
    let mut scopes = Vec::new();
    // From the variable on everything up to here is in scope.
    let mut end = start;
    // Whether the expression so far is true or false where the pattern has matched.
    let mut truth = true;
    let innermost = path.len().saturating_sub(1);
    for at in (0..path.len()).rev().take(EXPRESSION_DEPTH_MAX) {
        let node = path[at];
        let child = path[innermost.min(at + 1)];
        let outer = at.checked_sub(1).map(|at| path[at]);
        let field = |name: &str| node.child_by_field_name(name);
        let has_operator = |sign: &str| field("operator").is_some_and(|it| it.kind() == sign);
        match node.kind() {
            "type_pattern"
            | "record_pattern"
            | "record_pattern_body"
            | "record_pattern_component"
            | "pattern"
            | "instanceof_expression"
            | "parenthesized_expression" => {}
            "unary_expression" if has_operator("!") => truth = !truth,
            "binary_expression" if has_operator(if truth { "&&" } else { "||" }) => {}
            "guard" if truth => {}
            "switch_label" => {
                end = outer.unwrap_or(node).end_byte();
                break;
            }
            "ternary_expression" | "if_statement" if is_field(node, "condition", child) => {
                match field(if truth { "consequence" } else { "alternative" }) {
                    Some(branch) if truth => end = branch.end_byte(),
                    Some(branch) => scopes.push(whole(branch)),
                    None => {}
                }
                if node.kind() == "if_statement" && matched_behind_if(node, truth) {
                    scopes.extend(outer.map(|outer| (node.end_byte(), outer.end_byte())));
                }
                break;
            }
            "while_statement" | "for_statement" if truth && is_field(node, "condition", child) => {
                end = node.end_byte();
                break;
            }
            "while_statement" | "for_statement" | "do_statement"
                if !truth && is_field(node, "condition", child) =>
            {
                scopes.extend(outer.map(|outer| (node.end_byte(), outer.end_byte())));
                break;
            }
            _ => break,
        }
        end = node.end_byte();
    }
    scopes.push((start, end));
    scopes
}

/// Whether the statements behind an `if` are reached only with the pattern matched, which is where
/// the condition has the value `truth`.
fn matched_behind_if(node: Node<'_>, truth: bool) -> bool {
    let completes_if = |condition: bool| {
        let branch = if condition { "consequence" } else { "alternative" };
        node.child_by_field_name(branch).is_none_or(completes)
    };
    completes_if(truth) && !completes_if(!truth)
}

/// Whether what is behind a statement may be reached through it.
fn completes(statement: Node<'_>) -> bool {
    let mut pending = vec![statement];
    for _ in 0..STATEMENTS_MAX {
        let Some(node) = pending.pop() else { return false };
        match node.kind() {
            "return_statement" | "throw_statement" | "break_statement" | "continue_statement"
            | "yield_statement" => {}
            "block" => match last_statement(node) {
                Some(last) => pending.push(last),
                None => return true,
            },
            "if_statement" => {
                let branches = ["consequence", "alternative"];
                for branch in branches.map(|branch| node.child_by_field_name(branch)) {
                    let Some(branch) = branch else { return true };
                    pending.push(branch);
                }
            }
            _ => return true,
        }
    }
    true
}

fn last_statement<'n>(block: Node<'n>) -> Option<Node<'n>> {
    let mut cursor = block.walk();
    let mut more = cursor.goto_first_child();
    let mut last = None;
    while more {
        let node = cursor.node();
        if node.is_named() && !super::is_comment(node) {
            last = Some(node);
        }
        more = cursor.goto_next_sibling();
    }
    last
}
