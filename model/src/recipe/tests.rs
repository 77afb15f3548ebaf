use super::*;

const SMALL: &str = r#"
schema = 1
name = "meghos"
suite = "trixie"
components = ["main"]
kernel = "linux-image-amd64"
[limits]
iso = "550MiB"
[[group]]
name = "system"
packages = ["systemd", "libstdc++6"]
[[group]]
name = "storage"
packages = ["lvm2"]
[tools]
packages = ["gcc"]
[strip]
paths = ["/usr/share/doc/*/changelog*"]
"#;

fn with(from: &str, to: &str) -> Result<Recipe, RecipeError> {
    assert!(SMALL.contains(from), "{from}");
    Recipe::parse(&SMALL.replace(from, to))
}

#[test]
fn the_shipped_recipe_is_valid() {
    let recipe = Recipe::parse(include_str!("../../../recipes/images/appliance.toml")).unwrap();
    assert_eq!(recipe.suite, "trixie");
    assert!(recipe.iso_limit <= Bytes::mib(550));
}

#[test]
fn a_recipe_is_read() {
    let recipe = Recipe::parse(SMALL).unwrap();
    assert_eq!(recipe.iso_limit, Bytes::mib(550));
    assert_eq!(recipe.groups[1].name, "storage");
    assert_eq!(recipe.groups[0].packages, ["systemd", "libstdc++6"]);
}

#[test]
fn unknown_keys_and_newer_schemas_are_refused() {
    assert!(matches!(
        with("suite =", "suit ="),
        Err(RecipeError::Form(_))
    ));
    assert_eq!(
        with("schema = 1", "schema = 2"),
        Err(RecipeError::Schema(2))
    );
}

#[test]
fn names_are_those_of_packages() {
    for bad in [
        "",
        "Systemd",
        "systemd lvm2",
        "-o=x",
        "systemd/trixie",
        "?essential",
    ] {
        let result = with("\"systemd\"", &format!("\"{bad}\""));
        assert!(matches!(result, Err(RecipeError::Name { .. })), "{bad}");
    }
}

#[test]
fn nothing_is_named_twice_and_nothing_is_empty() {
    let twice = with("[\"lvm2\"]", "[\"systemd\"]");
    assert!(matches!(twice, Err(RecipeError::Twice { name, .. }) if name == "systemd"));
    let twice = with("\"storage\"", "\"system\"");
    assert!(matches!(twice, Err(RecipeError::Twice { name, .. }) if name == "system"));
    assert_eq!(
        with("[\"gcc\"]", "[]"),
        Err(RecipeError::Empty("tools.packages".into()))
    );
    assert_eq!(
        with("\"storage\"", "\"tools\""),
        Err(RecipeError::Reserved("tools".into()))
    );
}

#[test]
fn only_deep_normalized_paths_are_stripped() {
    for bad in [
        "/usr",
        "/",
        "usr/share/doc",
        "/usr/../etc",
        "/usr//share",
        "/*/share",
    ] {
        let result = with("/usr/share/doc/*/changelog*", bad);
        assert_eq!(result, Err(RecipeError::Path(bad.into())), "{bad}");
    }
}

#[test]
fn a_limit_is_a_size() {
    assert!(matches!(
        with("550MiB", "large"),
        Err(RecipeError::Limit(_))
    ));
}
