//! The checked-in description is the one that is served.

const CHECKED_IN: &str = include_str!("../../../../docs/openapi.json");
const PROBLEMS: &str = include_str!("../../../../docs/api-problems.md");

#[test]
fn the_checked_in_document_is_up_to_date() {
    let made = meghd::http::document()
        .to_pretty_json()
        .expect("the document is JSON");
    assert!(
        made.trim() == CHECKED_IN.trim(),
        "docs/openapi.json is old; write it anew with `cargo run -p meghd -- openapi > docs/openapi.json`"
    );
}

#[test]
fn every_code_is_explained() {
    for code in megh_api_types::ProblemCode::ALL {
        assert!(
            PROBLEMS.contains(&format!(
                "\n## {code}\n\n{}: {}.",
                code.status(),
                code.title()
            )),
            "{code}"
        );
    }
}
