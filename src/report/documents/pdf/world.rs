//! What the typesetter sees: the template, two files and the fonts that are built in. Nothing else exists there, no clock
//! either.

use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Feature, Library, LibraryExt, World};

/// Noto Sans and Noto Sans Devanagari, under the SIL Open Font License that stands beside them.
const FONTS: [&[u8]; 4] = [
    include_bytes!("../../../../fixtures/fonts/NotoSans-Regular.ttf"),
    include_bytes!("../../../../fixtures/fonts/NotoSans-Bold.ttf"),
    include_bytes!("../../../../fixtures/fonts/NotoSansDevanagari-Regular.ttf"),
    include_bytes!("../../../../fixtures/fonts/NotoSansDevanagari-Bold.ttf"),
];

const TEMPLATE: &str = include_str!("invoice.typ");

/// What is the same for every document.
struct Shop {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    template: Source,
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
        template: Source::new(file("invoice.typ"), TEMPLATE.to_owned()),
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
    SHOP.fonts.chunks(2).any(|family| family.iter().all(|font| font.info().coverage.contains(u32::from(c))))
}

/// One document on the desk: its sheet and the JSON file to attach.
pub(super) struct Desk {
    sheet: Bytes,
    json: Bytes,
}

impl Desk {
    pub(super) fn new(sheet: Vec<u8>, json: Vec<u8>) -> Self {
        Self { sheet: Bytes::new(sheet), json: Bytes::new(json) }
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
        SHOP.template.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == SHOP.template.id() { Ok(SHOP.template.clone()) } else { Err(FileError::AccessDenied) }
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
