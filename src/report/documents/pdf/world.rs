//! What the typesetter sees: the template, two files and the fonts that are built in. Nothing else exists there, no clock
//! either.

use std::sync::LazyLock;

use ttf_parser::Face;
use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt, World};

/// A weight of a family.
macro_rules! font {
    ($name:literal) => {
        include_bytes!(concat!("../../../../fixtures/fonts/", $name, ".ttf"))
    };
}

/// Noto Sans, and its families for the scripts of India, each in both weights; under the SIL Open Font License that stands beside
/// them. The templates name the families in this order.
const FONTS: [&[u8]; 20] = [
    font!("NotoSans-Regular"),
    font!("NotoSans-Bold"),
    font!("NotoSansDevanagari-Regular"),
    font!("NotoSansDevanagari-Bold"),
    font!("NotoSansBengali-Regular"),
    font!("NotoSansBengali-Bold"),
    font!("NotoSansGujarati-Regular"),
    font!("NotoSansGujarati-Bold"),
    font!("NotoSansGurmukhi-Regular"),
    font!("NotoSansGurmukhi-Bold"),
    font!("NotoSansKannada-Regular"),
    font!("NotoSansKannada-Bold"),
    font!("NotoSansMalayalam-Regular"),
    font!("NotoSansMalayalam-Bold"),
    font!("NotoSansOriya-Regular"),
    font!("NotoSansOriya-Bold"),
    font!("NotoSansTamil-Regular"),
    font!("NotoSansTamil-Bold"),
    font!("NotoSansTelugu-Regular"),
    font!("NotoSansTelugu-Bold"),
];

/// What a desk is for.
#[derive(Clone, Copy)]
pub(super) enum Template {
    /// A document.
    Invoice,
    /// A text alone.
    Text,
}

/// What is the same for every document.
struct Shop {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    invoice: Source,
    text: Source,
    sheet: FileId,
    json: FileId,
}

static SHOP: LazyLock<Shop> = LazyLock::new(|| {
    let fonts: Vec<Font> = FONTS.iter().flat_map(|bytes| Font::iter(Bytes::new(*bytes))).collect();
    // Header cells at the side of a table, for screen readers.
    let features = [Feature::A11yExtras].into_iter().collect();
    Shop {
        library: LazyHash::new(Library::builder().with_features(features).build()),
        book: LazyHash::new(FontBook::from_fonts(&fonts)),
        fonts,
        invoice: Source::new(file("invoice.typ"), include_str!("invoice.typ").to_owned()),
        text: Source::new(file("text.typ"), include_str!("text.typ").to_owned()),
        sheet: file("sheet.json"),
        json: file("invoice.json"),
    }
});

#[expect(clippy::expect_used, reason = "the names above are paths")]
fn file(name: &'static str) -> FileId {
    RootedPath::new(VirtualRoot::Project, VirtualPath::new(name).expect("a name of a file")).intern()
}

/// Whether every font of one of the families here has a glyph for a character.
pub(super) fn has_glyph(c: char) -> bool {
    (' '..='~').contains(&c)
        || SHOP.fonts.chunks(2).any(|family| family.iter().all(|font| font.info().coverage.contains(u32::from(c))))
}

/// The same fonts as their tables.
static FACES: LazyLock<Vec<Face<'static>>> =
    LazyLock::new(|| FONTS.iter().filter_map(|bytes| Face::parse(bytes, 0).ok()).collect());

/// The widths of the characters that most texts are made of.
static ASCII: LazyLock<Vec<u32>> = LazyLock::new(|| ('\0'..='\x7f').map(widest).collect());

/// Thousandths of an em that a character takes of a line, in the widest font that has it; nothing where none has it.
pub(super) fn width(c: char) -> u32 {
    usize::try_from(u32::from(c)).ok().and_then(|at| ASCII.get(at).copied()).unwrap_or_else(|| widest(c))
}

fn widest(c: char) -> u32 {
    let width = |face: &Face<'_>| {
        let advance = u32::from(face.glyph_hor_advance(face.glyph_index(c)?)?);
        (advance * 1_000).checked_div(u32::from(face.units_per_em()))
    };
    FACES.iter().filter_map(width).max().unwrap_or_default()
}

/// One document on the desk: its template, what that reads, and the JSON file to attach.
pub(super) struct Desk {
    template: Template,
    sheet: Bytes,
    json: Bytes,
}

impl Desk {
    pub(super) fn new(template: Template, sheet: Vec<u8>, json: Vec<u8>) -> Self {
        Self { template, sheet: Bytes::new(sheet), json: Bytes::new(json) }
    }

    fn source(&self) -> &'static Source {
        match self.template {
            Template::Invoice => &SHOP.invoice,
            Template::Text => &SHOP.text,
        }
    }
}

impl World for Desk {
    fn library(&self) -> &LazyHash<Library> {
        &SHOP.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &SHOP.book
    }

    fn main(&self) -> FileId {
        self.source().id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let own = self.source();
        if id == own.id() { Ok(own.clone()) } else { Err(FileError::AccessDenied) }
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        match id {
            _ if id == SHOP.sheet => Ok(self.sheet.clone()),
            _ if id == SHOP.json => Ok(self.json.clone()),
            _ => Err(FileError::AccessDenied),
        }
    }

    fn font(&self, index: usize) -> Option<Font> {
        SHOP.fonts.get(index).cloned()
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_name_every_family_in_order_and_each_has_both_weights() {
        let families: Vec<String> = SHOP.fonts.chunks(2).map(|pair| pair[0].info().family.clone()).collect();
        assert!(
            SHOP.fonts.len() == FONTS.len()
                && SHOP.fonts.chunks(2).zip(&families).all(|(pair, name)| pair[1].info().family == *name)
        );
        let listed = families.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        for template in [&SHOP.invoice, &SHOP.text] {
            assert!(template.text().contains(&format!("#let families = ({listed})\n")), "{listed}");
        }
        assert!((' '..='~').all(|c| SHOP.fonts[..2].iter().all(|font| font.info().coverage.contains(u32::from(c)))));
    }
}
