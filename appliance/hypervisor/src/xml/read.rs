//! Reading what libvirt says.

use roxmltree::{Document, Node};

/// The machine type of a domain's definition.
pub(crate) fn machine_of(domain_xml: &str) -> Option<String> {
    let document = Document::parse(domain_xml).ok()?;
    let kind = child(child(document.root_element(), "os")?, "type")?;
    kind.attribute("machine").map(str::to_owned)
}

/// The versioned machine type behind the alias that domain capabilities were
/// asked for.
pub(crate) fn canonical_machine(capabilities_xml: &str) -> Option<String> {
    let document = Document::parse(capabilities_xml).ok()?;
    let machine = child(document.root_element(), "machine")?.text()?.trim();
    (!machine.is_empty()).then(|| machine.to_owned())
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.has_tag_name(name))
}
