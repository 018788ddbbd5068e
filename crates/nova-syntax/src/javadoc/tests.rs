//! Comments and what is shown of them.

use super::*;

/// What is shown of a comment with this content.
#[track_caller]
fn check(content: &str, expected: &str) {
    assert_eq!(to_markdown(&format!("/** {content} */")), expected, "{content}");
}

#[track_caller]
fn check_all(table: &[(&str, &str)]) {
    for (content, expected) in table {
        check(content, expected);
    }
}

#[test]
fn decoration_is_taken_off() {
    for comment in [
        "/** a\n * b\n */",
        "/**\n   a\n   b\n*/",
        "/*** a\n ** b\n **/",
        "/// a\r\n  /// b",
        "/** a\n b",
    ] {
        assert_eq!(to_markdown(comment).replace('\n', " "), "a b", "{comment}");
    }
    for comment in ["", "/**", "/** */", "/***/", "///", "/**\n *\n */", "*/"] {
        assert_eq!(to_markdown(comment), "", "{comment}");
    }
}

#[test]
fn inline_tags_are_shown_as_what_they_say() {
    check_all(&[
        ("{@code a<b> & {c}} d", "`a<b> & {c}` d"),
        ("{@code a`b} {@code\n c} {@code }", "``a`b`` `c`"),
        ("{@literal a<b> *c*}", r"a\<b> \*c\*"),
        ("{@link java.util.Map#get(Object)}", "`java.util.Map.get(Object)`"),
        ("{@link #get(Object,\n int) the getter}", "the getter"),
        ("{@link Map#get(Object) Map.get}", "`Map.get`"),
        ("{@link java.base/java.util.Map##more}", "`java.util.Map`"),
        ("{@linkplain Map {@code maps}} {@linkplain Map}", "maps Map"),
        ("{@value Integer#MAX_VALUE} {@value %x #A} {@value}", "`Integer.MAX_VALUE` `A`"),
        ("a {@inheritDoc} b", "a b"),
        ("{@index word the description} {@index \"two words\"}", "word two words"),
        ("{@systemProperty user.dir}", "`user.dir`"),
        ("{@return the {@code size}, or {none}}", "Returns the `size`, or {none}."),
        ("{@summary A <b>b</b>.} C", "A **b**. C"),
        ("{@unknown a {@code b}} c {d}", "a `b` c {d}"),
        ("{@code a{@code b}", "`a{@code b}`"),
        ("{a} } { {@ b", "{a} } { {@ b"),
    ]);
}

#[test]
fn snippets_are_java_blocks() {
    check(
        "{@snippet :\n *   int a; // @highlight substring=\"a\"\n *     b(); // c\n * } d",
        "```java\nint a;\n  b(); // c\n```\n\nd",
    );
    check("{@snippet lang=\"properties\" :\n * a=b\n * }", "```properties\na=b\n```");
    check("a {@snippet file=\"A.java\" region=\"b\"} c", "a c");
}

#[test]
fn words_are_marked_as_html_says() {
    check_all(&[
        ("a<b> b </b>c <em>d</em> <i></i>e", "a **b** c *d* e"),
        ("<STRONG>a</STRONG> <Foo>b</Foo>", r"**a** \<Foo>b\</Foo>"),
        ("<code>List&lt;A&gt;</code> <tt>{@code a}</tt> <code>a", "`List<A>` `a` a"),
        ("<b>a <i>b</b> c</i> <b>d", "**a *b*** c **d**"),
        ("<a href=\"https://a.b/(c)\">d <b>e</b></a>", "[d **e**](https://a.b/%28c%29)"),
        ("<a href='#a'>b</a> <a id=\"c\">d</a> <a href=\"javascript:a\">e</a>", "b d e"),
        ("2<sup>n</sup> x<sub>i</sub> <span class=\"a\">b</span><font>c</font>", "2^n x_i bc"),
        ("a<!-- b <p> -->c <script>d</script>e <img src=\"f\" alt=\"g\">", "ac e g"),
        ("a<br>b<br/><br>c", "a  \nb\n\nc"),
    ]);
}

#[test]
fn blocks_are_set_apart() {
    check_all(&[
        ("a\n<p>\n b <p>c</p> <div>d</div>", "a\n\nb\n\nc\n\nd"),
        ("<h2>a</h2>b <h4 id=\"c\">d</h4>", "### a\n\nb\n\n#### d"),
        ("<blockquote>a<p>b</blockquote>c", "> a\n>\n> b\n\nc"),
        ("a<ul><li>b<li><p>c</p></ul>d", "a\n\n- b\n- c\n\nd"),
        ("<ol><li>a<ul><li>b</li></ul></li><li>c</li></ol>", "1. a\n   - b\n2. c"),
        ("<ul><li>a<p>b<pre>\nc\n</pre></ul>", "- a\n\n  b\n\n  ```\n  c\n  ```"),
        ("<dl><dt>a<dd>b<dt>c</dt><dd>d</dd></dl>e", "- **a**  \n  b\n- **c**  \n  d\n\ne"),
        ("<table><tr><th>a<th>b</tr><tr><td>c<td>d</table>e", "a | b  \nc | d\n\ne"),
        ("<li>a</ul>b", "- a\n\nb"),
    ]);
}

#[test]
fn preformatted_text_is_a_code_block() {
    check(
        "a<pre>{@code\n *   if (a < b) {\n *     @C d;\n *   }\n * }</pre>b",
        "a\n\n```java\nif (a < b) {\n  @C d;\n}\n```\n\nb",
    );
    check("<pre><code>\n * List&lt;A&gt; <b>b</b>\n * </code></pre>", "```java\nList<A> b\n```");
    check("<PRE>\n *  a   b\n * </PRE>", "```\na   b\n```");
    check("<pre>\n * ```\n * </pre>", "````\n```\n````");
    check("<pre>a; ", "```java\na;\n```");
}

#[test]
fn character_references_are_decoded() {
    check_all(&[
        ("&lt;a&gt; &#64;b &#x40;c &copy;&nbsp;d", r"\<a> @b @c © d"),
        (
            "&nosuch; & a&b &amp;lt; &#0; &#xffffffff;",
            r"\&nosuch; & a\&b \&lt; \&#0; \&#xffffffff;",
        ),
    ]);
}

#[test]
fn text_is_escaped_where_it_would_mean_something() {
    check_all(&[
        ("a * b, *c* d_e _f_ `g` \\* \\d", r"a * b, \*c\* d_e \_f\_ \`g\` \\\* \d"),
        ("int[] a[0] [b](c) ~~d~~ ~e", r"int[] a[0] [b\](c) \~\~d\~\~ ~e"),
        ("a < b <= c <- d <e", r"a < b <= c <- d \<e"),
        (
            "1. a <p>2) b<p>3.5<p>- c<p>-1<p># d<p>+ e<p>> f<p>* g",
            "1\\. a\n\n2\\) b\n\n3.5\n\n\\- c\n\n-1\n\n\\# d\n\n\\+ e\n\n\\> f\n\n\\* g",
        ),
        ("a<p>---<p>===", "a\n\n\\---\n\n\\==="),
    ]);
}

#[test]
fn block_tags_follow_the_description() {
    check(
        "A.\n * @author b\n * @param <T> c\n * @param d e\n *   f\n * @param g {@inheritDoc}\n * @return h\n * @throws I j\n * @exception K l\n * @since 1\n * @see M#n m\n * @see \"O\"\n * @see <a href=\"https://p\">q</a>\n * @see #r\n * @deprecated Use {@link S}.\n * @implNote t\n * @version 1",
        "**Deprecated.** Use `S`.\n\nA.\n\n**Implementation note:** t\n\n**Type parameters:**\n\n- `T` — c\n\n**Parameters:**\n\n- `d` — e f\n- `g`\n\n**Returns:** h\n\n**Throws:**\n\n- `I` — j\n- `K` — l\n\n**Since:** 1\n\n**See also:**\n\n- `m`\n- O\n- [q](https://p)\n- `r`",
    );
    check("@return a", "**Returns:** a");
    check("@param a <ul><li>b</ul>\n@param c", "**Parameters:**\n\n- `a` —\n  - b\n- `c`");
    check("a {@code\n * @b c\n * } d@e", "a `@b c` d@e");
    check("<ul><li>a\n * @return b", "- a\n\n**Returns:** b");
}

#[test]
fn markdown_stays_as_it_is_but_for_tags() {
    let check = |lines: &str, expected: &str| {
        let comment: Vec<_> = lines.lines().map(|line| format!("/// {line}")).collect();
        assert_eq!(to_markdown(&comment.join("\n")), expected, "{lines}");
    };
    check("# *A* {@code b}\n\n- `{@code c}`\n- [d](e)", "# *A* `b`\n\n- `{@code c}`\n- [d](e)");
    check("```java\n@A {@code b} <c>\n```\na", "```java\n@A {@code b} <c>\n```\na");
    check("a <b>c</b> <T> <https://d> e<br>f", "a c \\<T> <https://d> e  \nf");
    check("a\n\n    <b>\n\n{@link\n C d e} f", "a\n\n    <b>\n\nd e f");
    check(
        "a\n@param b *c*\nd\n@return e",
        "a\n\n**Parameters:**\n\n- `b` — *c*\n  d\n\n**Returns:** e",
    );
    check("```\na", "```\na\n```");
}

#[test]
fn what_is_shown_is_bounded_and_cut_at_a_line() {
    let long = to_markdown(&format!("/** {} */", "<p>word word".repeat(10_000)));
    assert!(long.len() < 17 << 10 && long.ends_with("word\n\n…"), "{}", &long[long.len() - 40..]);
    let code = to_markdown(&format!("/** <pre>{}</pre> */", "a;\n".repeat(10_000)));
    assert!(code.len() < 17 << 10 && code.ends_with("a;\n…\n```"), "{}", &code[code.len() - 40..]);
    let word = to_markdown(&format!("/** {} */", "é".repeat(30_000)));
    assert!(word.len() < 17 << 10 && word.ends_with("é\n…"));
}

#[test]
fn hostile_comments_are_shown_in_bounded_time() {
    for piece in [
        "{@link a ",
        "{@code ",
        "{@return ",
        "{",
        "<b>",
        "<ul><li>",
        "<blockquote>",
        "<pre>",
        "<code>",
        "<a href=\"",
        "</",
        "&",
        "<!--",
        "`",
        "*",
        "1. ",
        "@param a\n",
        "<a href=https://a>",
        "<p",
        "\n",
        "<td>",
        "{@snippet :\n",
    ] {
        for prefix in ["", "{@linkplain a ", "<pre>", "<code>"] {
            let text = format!("{prefix}{}", piece.repeat(COMMENT_BYTES_MAX / piece.len()));
            assert!(to_markdown(&format!("/** {text} */")).len() < 17 << 10, "{piece}");
            assert!(to_markdown(&format!("/// {text}")).len() < 17 << 10, "{piece}");
        }
    }
}

/// The comment before `class`.
#[track_caller]
fn check_before(text: &str, expected: Option<&str>) {
    let start = text.rfind("class").expect("a class is declared");
    assert_eq!(before(text, start), expected, "{text}");
}

#[test]
fn the_nearest_doc_comment_before_a_declaration_is_its_own() {
    check_before("/** a */ /** b */\n\nclass C {}", Some("/** b */"));
    check_before("/** a */ // b\n /* c */ class C {}", Some("/** a */"));
    check_before("int b; // c\n/// a\n  /// b\nclass C {}", Some("/// a\n  /// b"));
    check_before("/// a\r\n/// b\r\nclass C {}", Some("/// a\r\n/// b"));
    check_before("/** a */\n/// b\nclass C {}", Some("/// b"));
    check_before("/// a\n\n/// b\nclass C {}", Some("/// b"));
    assert_eq!(before("/** a */@B class C {}", 8), Some("/** a */"));
    check_before("/// a\n// b\nclass C {}", Some("/// a"));
}

#[test]
fn what_is_no_doc_comment_or_stands_elsewhere_is_not_its_own() {
    for text in [
        "class C {}",
        "/** a */ int b; class C {}",
        "/**/ class C {}",
        "/* a */ class C {}",
        "\"/** a */\" class C {}",
    ] {
        check_before(text, None);
    }
    assert_eq!(before("/** a */ class C {}", 4), None);
    assert_eq!(before("/** a */", 100), Some("/** a */"));
}
