# What a developer does here, a sentence a recipe. `just` alone lists them.

_default:
    @just --list --unsorted

# Everything that must hold before a commit: format, lints, documentation, tests.
check: lint test pdf

# Invoices as PDF: clippy and the tests of the feature.
pdf *ARGS:
    cargo clippy --release --all-targets --features pdf -- -D warnings
    cargo test --release --features pdf --lib --test it {{ARGS}} -- pdf:: pdf_scripts:: tidy::the_rust

# Format, clippy with warnings as errors, and documentation that links.
lint:
    cargo fmt --check
    cargo clippy --release --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --release --no-deps --document-private-items

# All tests, in the profile that the program is built in, so that polars is built once.
test *ARGS:
    cargo test --release {{ARGS}}

# Close a month of the embedded simulator: no account, no network, no settings.
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# Accept or reject changed snapshots one by one (needs cargo-insta).
review:
    cargo insta test --review --release

# Settle, fetch without a limit, fetch at RATES requests a second; some minutes, into reports/benchmarks.txt. `5` takes five.
bench *RATES="20 100":
    cargo bench --bench settle -- --write
    cargo bench --bench line -- {{RATES}} --write

# Derive the committed specimen again from the committed archive and compare it byte for byte; then look at it with DuckDB.
audit:
    cargo run --release -- verify reports/specimen/2026-03 --archive fixtures/audit/archive.sqlite
    fixtures/verify.sh reports/specimen/2026-03 || [ $? -eq 69 ]

# Make the specimen and its archive anew from their scenario: after a wanted change of the papers.
specimen:
    rm -rf reports/specimen fixtures/audit/archive.sqlite
    cargo run --release -- demo --scenario fixtures/audit/scenario.toml --out reports/specimen/2026-03
    mv reports/specimen/*.archive.sqlite fixtures/audit/archive.sqlite
    rm reports/specimen/*.lock

# Take the README's pictures of the specimen anew (needs chromium, LibreOffice and poppler).
pictures:
    chromium --headless --no-sandbox --hide-scrollbars --window-size=1200,1155 --screenshot=reports/pictures/page.png "file://$PWD/reports/specimen/2026-03/close.html"
    chromium --headless --no-sandbox --hide-scrollbars --window-size=850,1050 --screenshot=reports/pictures/invoice.png "file://$PWD/reports/specimen/2026-03/invoices/VB-26-00004.html"
    soffice --headless --convert-to pdf --outdir target/pictures reports/specimen/2026-03/close.xlsx
    pdftoppm -r 70 -png -singlefile target/pictures/close.pdf reports/pictures/workbook

# Mutate the rules of the reconciliation one by one, each against the tests (needs cargo-mutants; takes many hours).
mutants *ARGS:
    cargo mutants --profile release -f 'src/reconcile/**' {{ARGS}} -- --test it

# Many more seeds than a test run draws (PROPTEST_CASES, default 5,000), thousands of storms, pages by the hundred thousand.
soak cases="5000":
    PROPTEST_CASES={{cases}} TIEOUT_SOAK=1 cargo test --release --test it -- laws fuzz_pages killed matrix independent
