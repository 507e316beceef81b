//! Function names for addresses, from this program's own symbol table.

use std::borrow::Cow;
use std::fs::File;
use std::io;

use jemalloc_pprof::Mapping;
use object::read::{ReadCache, ReadRef};
use object::{Object, ObjectSymbol, SymbolKind};

/// The functions of this program by address, sorted.
pub(crate) struct Symbols {
    functions: Vec<(u64, String)>,
    program: std::path::PathBuf,
}

impl Symbols {
    /// Reads `/proc/self/exe`, of which only the symbol table is loaded (some 2 MB, freed when this
    /// is dropped).
    pub(crate) fn of_this_program() -> io::Result<Self> {
        let cache = ReadCache::new(File::open("/proc/self/exe")?);
        let mut functions = Self::functions(&cache).map_err(io::Error::other)?;
        functions.sort_unstable();
        Ok(Self { functions, program: std::env::current_exe()? })
    }

    fn functions<'data>(file: impl ReadRef<'data>) -> object::Result<Vec<(u64, String)>> {
        let file = object::File::parse(file)?;
        Ok(file
            .symbols()
            .filter(|symbol| symbol.kind() == SymbolKind::Text && symbol.is_definition())
            .filter_map(|symbol| Some((symbol.address(), symbol.name().ok()?.to_owned())))
            .collect())
    }

    /// The function that contains `address`, or the library that does, or the address itself.
    pub(crate) fn name(&self, mappings: &[Mapping], address: usize) -> Cow<'static, str> {
        // A return address is the instruction *after* the call, which may already belong to the
        // next function.
        let address = address.saturating_sub(1);
        let Some(mapping) =
            mappings.iter().find(|m| (m.memory_start..m.memory_end).contains(&address))
        else {
            return format!("{address:#x}").into();
        };
        if mapping.pathname != self.program {
            let library = mapping.pathname.file_name().unwrap_or(mapping.pathname.as_os_str());
            return format!("[{}]", library.to_string_lossy()).into();
        }
        let in_file = (address - mapping.memory_start + mapping.memory_offset) as u64;
        let next = self.functions.partition_point(|(start, _)| *start <= in_file);
        match next.checked_sub(1).and_then(|index| self.functions.get(index)) {
            // `{:#}` leaves out the hash that the compiler appends.
            Some((_, name)) => format!("{:#}", rustc_demangle::demangle(name)).into(),
            None => format!("{address:#x}").into(),
        }
    }
}
