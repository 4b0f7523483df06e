//! How much a component may ask of the compiler, judged before it gets there.
//!
//! A compiler's time and memory grow faster than a function does, and a few bytes can declare tens of thousands of
//! locals. A file that is small enough may therefore still keep a machine busy for hours; one within these limits can't.

use super::PackageError;
use wasmparser::{Parser, Payload};

/// Functions of one component, over all its modules. A component that brings Python along has some 20,000.
const FUNCTIONS_MAX: u64 = 200_000;
/// The code of one function, in bytes. The longest of an interpreter has some hundred thousand.
const FUNCTION_BYTES_MAX: usize = 1024 * 1024;
/// Locals of one function. Compilers of other languages leave some hundreds.
const FUNCTION_LOCALS_MAX: u64 = 20_000;
/// Locals of all functions.
const LOCALS_MAX: u64 = 4_000_000;
/// Types, imports, exports, instances and the like, of one component.
const ITEMS_MAX: u64 = 400_000;

/// Refuses a component that would take the compiler too long. The error is a sentence.
pub(super) fn check_code(wasm: &[u8]) -> Result<(), PackageError> {
    let unreadable = |error| PackageError::Wasm(format!("it is not WebAssembly that this host can read: {error}"));
    let mut counted = Counted::default();
    for payload in Parser::new(0).parse_all(wasm) {
        counted.add(&payload.map_err(unreadable)?).map_err(unreadable)?;
        if let Some(fault) = counted.fault() {
            return Err(PackageError::Wasm(format!("{fault}. Build it with optimisation, or split it")));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Counted {
    functions: u64,
    /// Of the function that was seen last.
    function_bytes: usize,
    function_locals: u64,
    locals: u64,
    items: u64,
}

impl Counted {
    fn add(&mut self, payload: &Payload<'_>) -> wasmparser::Result<()> {
        let items = match payload {
            Payload::CodeSectionEntry(body) => {
                self.functions += 1;
                self.function_bytes = body.range().len();
                self.function_locals = 0;
                for group in body.get_locals_reader()? {
                    self.function_locals = self.function_locals.saturating_add(u64::from(group?.0));
                }
                self.locals = self.locals.saturating_add(self.function_locals);
                0
            }
            Payload::TypeSection(section) => section.count(),
            Payload::ImportSection(section) => section.count(),
            Payload::ExportSection(section) => section.count(),
            Payload::GlobalSection(section) => section.count(),
            Payload::ElementSection(section) => section.count(),
            Payload::DataSection(section) => section.count(),
            Payload::InstanceSection(section) => section.count(),
            Payload::CoreTypeSection(section) => section.count(),
            Payload::ComponentTypeSection(section) => section.count(),
            Payload::ComponentInstanceSection(section) => section.count(),
            Payload::ComponentAliasSection(section) => section.count(),
            Payload::ComponentCanonicalSection(section) => section.count(),
            Payload::ComponentImportSection(section) => section.count(),
            Payload::ComponentExportSection(section) => section.count(),
            _ => 0,
        };
        self.items = self.items.saturating_add(u64::from(items));
        Ok(())
    }

    fn fault(&self) -> Option<String> {
        let over = |what: &str, number: u64, max: u64| {
            (number > max).then(|| format!("it has {number} {what}; the limit is {max}"))
        };
        over("functions", self.functions, FUNCTIONS_MAX)
            .or_else(|| over("bytes in one function", self.function_bytes as u64, FUNCTION_BYTES_MAX as u64))
            .or_else(|| over("locals in one function", self.function_locals, FUNCTION_LOCALS_MAX))
            .or_else(|| over("locals", self.locals, LOCALS_MAX))
            .or_else(|| over("types, imports, exports and instances", self.items, ITEMS_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leb(mut number: u64) -> Vec<u8> {
        let mut out = vec![];
        loop {
            let low = u8::try_from(number & 0x7f).unwrap();
            number >>= 7;
            out.push(if number == 0 { low } else { low | 0x80 });
            if number == 0 {
                return out;
            }
        }
    }

    fn sized(bytes: Vec<u8>) -> Vec<u8> {
        [leb(bytes.len() as u64), bytes].concat()
    }

    /// A module with this many functions of the type `() -> ()`, each with these locals and this much code.
    fn module(functions: u64, locals: u64, code_bytes: usize) -> Vec<u8> {
        let body = [&[1][..], &leb(locals), &[0x7f], &vec![1; code_bytes], &[0x0b]].concat();
        let bodies = sized(body).repeat(usize::try_from(functions).unwrap());
        let types = [leb(functions), vec![0; usize::try_from(functions).unwrap()]].concat();
        let sections = [(1, vec![1, 0x60, 0, 0]), (3, types), (10, [leb(functions), bodies].concat())];
        let sections = sections.map(|(id, content)| [vec![id], sized(content)].concat());
        [b"\0asm\x01\0\0\0".to_vec(), sections.concat()].concat()
    }

    #[test]
    fn a_component_that_would_keep_the_compiler_busy_is_refused_before_it_gets_there() {
        let checked =
            |functions, locals, bytes| check_code(&module(functions, locals, bytes)).map_err(|e| e.to_string());
        assert_eq!(checked(1_000, 300, 100), Ok(()));
        for (functions, locals, bytes, part) in [
            (FUNCTIONS_MAX + 1, 1, 0, "200001 functions; the limit is 200000"),
            (1, FUNCTION_LOCALS_MAX + 1, 0, "20001 locals in one function; the limit is 20000"),
            (1, u64::from(u32::MAX), 0, "4294967295 locals in one function"),
            (201, FUNCTION_LOCALS_MAX, 0, "locals; the limit is 4000000"),
            (1, 1, FUNCTION_BYTES_MAX, "bytes in one function; the limit is 1048576"),
        ] {
            let why = checked(functions, locals, bytes).unwrap_err();
            assert!(why.contains(part), "{part} in: {why}");
        }
        let cut = module(10, 1, 10);
        assert!(check_code(&cut[..cut.len() - 3]).is_err());
    }
}
