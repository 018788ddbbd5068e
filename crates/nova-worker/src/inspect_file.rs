//! Answers a question about one text that takes its syntax to answer.

use bytes::Bytes;
use nova_protocol::inspection::{
    EnclosingType, Fold, FoldKind, Import, ImportKind, InspectFile, Inspected, Inspection, Local,
    NameInText, NameRole, Occurrence, Outlined, Surroundings,
};
use nova_protocol::limits::LIST_ITEMS_MAX;
use nova_protocol::message::{RequestError, SourceFile};
use nova_protocol::place::{TextPosition, TextRange};
use nova_syntax::declarations::{self, Declaration, Declarations, Kind, Span};
use nova_syntax::extract::{self, Fallback};
use nova_syntax::lines::{self, Lines, Position};
use nova_syntax::structure::{self, Structure};
use nova_syntax::{header, javadoc, reference, text};

use crate::scan_all::Texts;
use crate::update_file;

/// Of the line that declares a local so much is shown.
const LINE_BYTES_MAX: usize = 200;

/// Does the whole request.
pub(crate) fn inspect_file(request: InspectFile) -> Result<Inspected, RequestError> {
    let request = match with_text(request)? {
        Ok(request) => request,
        Err(unreadable) => return Ok(unreadable),
    };
    let source = text::decode(request.text.as_deref().unwrap_or_default());
    let inspected = Inspector { text: &source.text }.answer(&request.inspection);
    Ok(inspected)
}

/// The same request with the text that is on the disk, if it has none; or why that cannot be read.
pub(crate) fn with_text(
    request: InspectFile,
) -> Result<Result<InspectFile, Inspected>, RequestError> {
    if request.text.is_some() {
        return Ok(Ok(request));
    }
    let file = SourceFile { root: 0, path: request.path.clone() };
    let mut reader = update_file::reader(&request.root, &file, request.file_bytes_max);
    Ok(match reader.read(0) {
        Ok(text) => {
            let text = Some(Bytes::copy_from_slice(text.content));
            Ok(InspectFile { text, ..request })
        }
        Err(error) => Err(Inspected::Unreadable(error.to_string())),
    })
}

/// One text that is asked about.
#[derive(Clone, Copy)]
struct Inspector<'t> {
    text: &'t str,
}

impl Inspector<'_> {
    fn answer(self, inspection: &Inspection) -> Inspected {
        match inspection {
            Inspection::Outline => Inspected::Outline(self.outline(&self.declarations())),
            Inspection::Name(at) => Inspected::Name(self.name(*at).map(Box::new)),
            Inspection::Documentation(at) => Inspected::Documentation(self.documentation(*at)),
            Inspection::Folds => self.of_structure(|it| Inspected::Folds(self.folds(it))),
            Inspection::Around(places) => self.of_structure(|it| {
                Inspected::Around(places.iter().map(|at| self.around(it, *at)).collect())
            }),
            Inspection::Occurrences(at) => {
                self.of_structure(|it| Inspected::Occurrences(self.occurrences(it, *at)))
            }
        }
    }

    /// Broken text is normal while someone types, so the scanner alone answers.
    fn declarations(self) -> Declarations {
        extract::declarations(self.text, Fallback::None).declarations
    }

    fn of_structure(self, answer: impl FnOnce(&Structure<'_>) -> Inspected) -> Inspected {
        match Structure::parse(self.text) {
            Ok(structure) => answer(&structure),
            Err(error) => Inspected::Unreadable(error.to_string()),
        }
    }

    fn outline(self, declarations: &Declarations) -> Vec<Outlined> {
        let mut lines = Lines::new(self.text);
        let symbols = declarations.symbols.iter().take(LIST_ITEMS_MAX);
        symbols.map(|symbol| outlined(declarations, symbol, &mut lines)).collect()
    }

    fn name(self, at: TextPosition) -> Option<NameInText> {
        let offset = self.offset(at);
        let found = reference::at(self.text, offset)?;
        let declarations = self.declarations();
        let mut lines = Lines::new(self.text);
        let declares = declarations.symbols.iter().find(|it| it.name_span == found.span);
        let declares = declares.map(|symbol| outlined(&declarations, symbol, &mut lines));
        let package = declarations.package.as_ref().map(|clause| declarations.text(clause.name));
        let written = written(self.text, &declarations, &found, offset)?;
        let (name, qualifier) = written.split_last()?;
        let imports = declarations.imports.iter().take(LIST_ITEMS_MAX).map(|import| Import {
            path: declarations.text(import.path).to_owned(),
            kind: import_kind(import.kind),
        });
        Some(NameInText {
            name: name.clone(),
            range: range(found.span, &mut lines),
            qualifier: qualifier.to_vec(),
            is_member_of_unknown: found.is_member_of_unknown,
            role: role(found.role),
            arguments: found.arguments.and_then(|count| u32::try_from(count).ok()),
            package: package.unwrap_or_default().to_owned(),
            imports: imports.collect(),
            enclosing: enclosing(self.text, &declarations, offset),
            local: if declares.is_none() { self.local(&found, &declarations) } else { None },
            declares,
        })
    }

    /// The local that a name means.
    fn local(self, name: &reference::Reference<'_>, declarations: &Declarations) -> Option<Local> {
        let may_be_local = name.role == reference::Role::Other
            && name.qualifier.is_empty()
            && !name.is_member_of_unknown;
        if !may_be_local {
            return None;
        }
        let at = name.span.start as usize;
        let span = structure::local_declaration(self.text, declarations, at).ok().flatten()?;
        let (before, after) = self.text.split_at(span.start as usize);
        let start = before.rfind(['\n', '\r']).map_or(0, |at| at + 1);
        let end = after.find(['\n', '\r']).unwrap_or(after.len());
        let line = self.text[start..span.start as usize + end].trim();
        let line = &line[..line.floor_char_boundary(LINE_BYTES_MAX)];
        Some(Local { range: range(span, &mut Lines::new(self.text)), line: line.to_owned() })
    }

    fn documentation(self, at: TextPosition) -> Option<String> {
        let offset = self.offset(at);
        let declarations = self.declarations();
        let clause = declarations.package.as_ref();
        let clause = clause.filter(|it| it.name_span.start as usize == offset).map(|it| it.span);
        let symbol = declarations.symbols.iter().find(|it| it.name_span.start as usize == offset);
        let span = symbol.map(|it| it.span).or(clause)?;
        let comment = javadoc::before(self.text, span.start as usize)?;
        Some(javadoc::to_markdown(comment)).filter(|text| !text.is_empty())
    }

    fn folds(self, structure: &Structure<'_>) -> Vec<Fold> {
        let mut lines = Lines::new(self.text);
        let fold = |fold: structure::Fold| Fold {
            range: range(fold.span, &mut lines),
            kind: match fold.kind {
                structure::FoldKind::Comment => FoldKind::Comment,
                structure::FoldKind::Imports => FoldKind::Imports,
                structure::FoldKind::Body => FoldKind::Body,
            },
        };
        structure.folds().into_iter().map(fold).collect()
    }

    fn around(self, structure: &Structure<'_>, at: TextPosition) -> Surroundings {
        let mut lines = Lines::new(self.text);
        let spans = structure.around(self.offset(at)).into_iter();
        Surroundings { ranges: spans.map(|span| range(span, &mut lines)).collect() }
    }

    fn occurrences(self, structure: &Structure<'_>, at: TextPosition) -> Vec<Occurrence> {
        let mut lines = Lines::new(self.text);
        let occurrences = structure.occurrences(self.offset(at)).into_iter();
        let occurrence = |it: structure::Occurrence| Occurrence {
            range: range(it.span, &mut lines),
            is_written: it.is_written,
        };
        occurrences.map(occurrence).collect()
    }

    fn offset(self, at: TextPosition) -> usize {
        lines::offset(self.text, Position { line: at.line, character: at.character })
    }
}

/// A name dot by dot. Where one constructor calls another it is that of the class; `None` if that has none.
fn written(
    text: &str,
    declarations: &Declarations,
    found: &reference::Reference<'_>,
    offset: usize,
) -> Option<Vec<String>> {
    let class = || types_around(text, declarations, offset).next();
    match found.name {
        "this" => Some(vec![declarations.text(class()?.name).to_owned()]),
        "super" => {
            let class = class()?;
            let above = header::supertypes(class.kind, declarations.text(class.signature));
            Some(above.class?.split('.').map(str::to_owned).collect())
        }
        name => {
            let names = found.qualifier.iter().chain([&name]);
            Some(names.map(|name| (*name).to_owned()).collect())
        }
    }
}

fn enclosing(text: &str, declarations: &Declarations, offset: usize) -> Vec<EnclosingType> {
    let enclosing = |symbol: &Declaration| {
        let supertypes = header::supertypes(symbol.kind, declarations.text(symbol.signature));
        EnclosingType {
            name: declarations.text(symbol.name).to_owned(),
            kind: symbol.kind as u8,
            superclass: supertypes.class,
            interfaces: supertypes.interfaces,
        }
    };
    types_around(text, declarations, offset).take(LIST_ITEMS_MAX).map(enclosing).collect()
}

/// The types in whose bodies an offset is, the innermost first; of a record the header counts, too (JLS §6.3).
fn types_around<'d>(
    text: &str,
    declarations: &'d Declarations,
    offset: usize,
) -> impl Iterator<Item = &'d Declaration> {
    let is_in = move |symbol: &&Declaration| {
        let (name_end, end) = (symbol.name_span.end as usize, symbol.span.end as usize);
        let body = text.get(name_end..end).and_then(|text| text.find('{')).unwrap_or(0);
        let start = if symbol.kind == Kind::Record { name_end } else { name_end + body };
        symbol.kind.is_type() && (start..end).contains(&offset)
    };
    let types: Vec<_> = declarations.symbols.iter().filter(is_in).collect();
    types.into_iter().rev()
}

fn outlined(declarations: &Declarations, symbol: &Declaration, lines: &mut Lines<'_>) -> Outlined {
    Outlined {
        name: declarations.text(symbol.name).to_owned(),
        kind: symbol.kind as u8,
        signature: declarations.text(symbol.signature).to_owned(),
        modifiers: symbol.modifiers.to_bits(),
        parent: symbol.parent,
        local: symbol.local,
        name_range: range(symbol.name_span, lines),
        range: range(symbol.span, lines),
    }
}

fn range(span: Span, lines: &mut Lines<'_>) -> TextRange {
    let mut place = |offset| {
        let Position { line, character } = lines.position(offset);
        TextPosition { line, character }
    };
    TextRange { start: place(span.start), end: place(span.end) }
}

fn import_kind(kind: declarations::ImportKind) -> ImportKind {
    match kind {
        declarations::ImportKind::Type => ImportKind::Type,
        declarations::ImportKind::TypeOnDemand => ImportKind::TypeOnDemand,
        declarations::ImportKind::Static => ImportKind::Static,
        declarations::ImportKind::StaticOnDemand => ImportKind::StaticOnDemand,
        declarations::ImportKind::Module => ImportKind::Module,
    }
}

fn role(role: reference::Role) -> NameRole {
    match role {
        reference::Role::Other => NameRole::Other,
        reference::Role::Call => NameRole::Call,
        reference::Role::Construction => NameRole::Construction,
        reference::Role::Annotation => NameRole::Annotation,
        reference::Role::MethodReference => NameRole::MethodReference,
        reference::Role::Import => NameRole::Import,
        reference::Role::PackageClause => NameRole::PackageClause,
        reference::Role::DocLink => NameRole::DocLink,
    }
}
