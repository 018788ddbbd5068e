//! Character references: `&lt;`, `&#64;`, `&#x40;`.

/// No entity that is known has a longer name.
const NAME_BYTES_MAX: usize = 8;

/// The character that the reference at the start of `text`, an ampersand, stands for, and how long
/// it is.
pub(super) fn decoded(text: &str) -> Option<(char, usize)> {
    let name_end = text.bytes().take(NAME_BYTES_MAX + 3).position(|byte| byte == b';')?;
    let name = text.get(1..name_end)?;
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => named(name)?,
    };
    Some((character, name_end + 1))
}

fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(code).filter(|c| !c.is_control() || c.is_whitespace())
}

fn named(name: &str) -> Option<char> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, character)| *character)
}

/// Those that doc comments use.
#[rustfmt::skip]
const NAMES: [(&str, char); 112] = [
    ("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\''), ("nbsp", ' '),
    ("copy", '©'), ("reg", '®'), ("trade", '™'), ("sect", '§'), ("para", '¶'), ("deg", '°'),
    ("mdash", '—'), ("ndash", '–'), ("hellip", '…'), ("bull", '•'), ("middot", '·'),
    ("lsquo", '‘'), ("rsquo", '’'), ("ldquo", '“'), ("rdquo", '”'), ("laquo", '«'), ("raquo", '»'),
    ("times", '×'), ("divide", '÷'), ("plusmn", '±'), ("minus", '−'), ("le", '≤'), ("ge", '≥'),
    ("ne", '≠'), ("equiv", '≡'), ("asymp", '≈'), ("infin", '∞'), ("radic", '√'), ("sum", '∑'),
    ("prod", '∏'), ("int", '∫'), ("part", '∂'), ("forall", '∀'), ("exist", '∃'), ("empty", '∅'),
    ("isin", '∈'), ("notin", '∉'), ("sub", '⊂'), ("sup", '⊃'), ("sube", '⊆'), ("supe", '⊇'),
    ("cap", '∩'), ("cup", '∪'), ("and", '∧'), ("or", '∨'), ("not", '¬'), ("lfloor", '⌊'),
    ("rfloor", '⌋'), ("lceil", '⌈'), ("rceil", '⌉'), ("lang", '⟨'), ("rang", '⟩'), ("larr", '←'),
    ("rarr", '→'), ("uarr", '↑'), ("darr", '↓'), ("harr", '↔'), ("lArr", '⇐'), ("rArr", '⇒'),
    ("hArr", '⇔'), ("alpha", 'α'), ("beta", 'β'), ("gamma", 'γ'), ("delta", 'δ'),
    ("epsilon", 'ε'), ("theta", 'θ'), ("lambda", 'λ'), ("mu", 'μ'), ("pi", 'π'), ("rho", 'ρ'),
    ("sigma", 'σ'), ("tau", 'τ'), ("phi", 'φ'), ("omega", 'ω'), ("Delta", 'Δ'), ("Sigma", 'Σ'),
    ("Pi", 'Π'), ("Omega", 'Ω'), ("micro", 'µ'), ("frac12", '½'), ("frac14", '¼'), ("sup2", '²'),
    ("sup3", '³'), ("prime", '′'), ("Prime", '″'), ("ensp", ' '), ("emsp", ' '), ("thinsp", ' '),
    ("lbrace", '{'), ("rbrace", '}'), ("lbrack", '['), ("rbrack", ']'), ("lpar", '('),
    ("rpar", ')'), ("commat", '@'), ("ast", '*'), ("sol", '/'), ("bsol", '\\'), ("num", '#'),
    ("eacute", 'é'), ("egrave", 'è'), ("auml", 'ä'), ("ouml", 'ö'), ("uuml", 'ü'), ("szlig", 'ß'),
    ("ccedil", 'ç'),
];
