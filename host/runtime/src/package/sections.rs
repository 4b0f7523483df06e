//! Puts the type sections of a core module in an order in which they can be merged.
//!
//! wit-bindgen leaves one custom section for each world, in whatever order the linker took the objects. Of two worlds, one
//! that uses a type of an interface and one that exports that interface, the second must come first, or wit-component
//! refuses the pair: `reader` uses a type of `descriptor`.

const HEADER_BYTES: usize = 8;
const CUSTOM: u8 = 0;
const TYPES: &[u8] = b"component-type:";
/// The world that the others use a type of, as wit-bindgen spells it in a section's name.
const FIRST: &[u8] = b":exports-descriptor:";

/// The same module with its type sections last, the descriptor's before the others. As it was if it is no module.
pub(super) fn in_order(wasm: &[u8]) -> Vec<u8> {
    ordered(wasm).unwrap_or_else(|| wasm.to_vec())
}

fn ordered(wasm: &[u8]) -> Option<Vec<u8>> {
    let (header, mut rest) = wasm.split_at_checked(HEADER_BYTES)?;
    let mut out = header.to_vec();
    let (mut first, mut others) = (vec![], vec![]);
    while let Some((id, body)) = rest.split_first() {
        let (length, body) = number(body)?;
        let (content, after) = body.split_at_checked(length)?;
        let whole = rest.get(..rest.len().checked_sub(after.len())?)?;
        match name(*id, content) {
            Some(name) if name.windows(FIRST.len()).any(|part| part == FIRST) => first.extend_from_slice(whole),
            Some(name) if name.starts_with(TYPES) => others.extend_from_slice(whole),
            _ => out.extend_from_slice(whole),
        }
        rest = after;
    }
    out.extend(first);
    out.extend(others);
    Some(out)
}

fn name(id: u8, content: &[u8]) -> Option<&[u8]> {
    let (length, rest) = number(content).filter(|_| id == CUSTOM)?;
    rest.get(..length)
}

/// A LEB128 number of at most 32 bits, and what follows it.
fn number(mut bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for shift in [0, 7, 14, 21, 28] {
        let (byte, rest) = bytes.split_first()?;
        bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, bytes));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(id: u8, name: &str, rest: &[u8]) -> Vec<u8> {
        let mut content = vec![u8::try_from(name.len()).unwrap()];
        content.extend(name.as_bytes());
        content.extend(rest);
        // Its length in a longer form than it needs, as linkers write it.
        let mut out = vec![id, u8::try_from(content.len()).unwrap() | 0x80, 0];
        out.extend(content);
        out
    }

    #[test]
    fn the_descriptors_types_come_before_those_that_use_them() {
        let header = b"\0asm\x01\0\0\0".to_vec();
        let code = section(10, "", b"code");
        let other = section(CUSTOM, "producers", b"x");
        let reader = section(CUSTOM, "component-type:wit-bindgen:1:a:b@1:exports-reader:x", b"r");
        let descriptor = section(CUSTOM, "component-type:wit-bindgen:1:a:b@1:exports-descriptor:x", b"d");
        let found = [header.clone(), reader.clone(), code.clone(), descriptor.clone(), other.clone()].concat();
        assert_eq!(in_order(&found), [header, code, other, descriptor, reader].concat());
        assert_eq!(in_order(&found[..found.len() - 1]), &found[..found.len() - 1], "cut off: left alone");
    }
}
