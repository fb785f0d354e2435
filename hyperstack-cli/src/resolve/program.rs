//! Resolves the stack's programs: their addresses and errors.

use serde_json::Value;

use crate::model::{Program, ProgramError};
use crate::spec::{Idl, StackFile};

/// Returns the programs that the file names, in its order.
pub(super) fn programs(file: &StackFile) -> Vec<Program> {
    let entities = file.entities.iter();
    let idls: Vec<&Idl> = file.idls.iter().chain(&file.idl).collect();
    let idls: Vec<&Idl> = match idls.as_slice() {
        [] => entities.filter_map(|entity| entity.idl.as_ref()).collect(),
        _ => idls,
    };
    let by_address = |address: &str| {
        let mut all = idls.iter();
        all.find(|idl| idl.program_id.as_deref() == Some(address))
    };
    // The first files have IDLs without addresses, in the order of the programs.
    let is_parallel = idls.len() == file.program_ids.len();
    let named = file.program_ids.iter().enumerate().map(|(i, address)| {
        let parallel = idls
            .get(i)
            .filter(|idl| is_parallel && idl.program_id.is_none());
        let idl = by_address(address).or(parallel);
        program(address, idl.copied())
    });
    let mut programs: Vec<Program> = named.collect();
    for idl in &idls {
        if let Some(address) = idl
            .program_id
            .as_deref()
            .filter(|address| !address.is_empty())
        {
            if programs.iter().all(|program| program.address != address) {
                programs.push(program(address, Some(idl)));
            }
        }
    }
    programs
}

fn program(address: &str, idl: Option<&Idl>) -> Program {
    Program {
        address: address.to_owned(),
        name: idl.map(|idl| idl.name.clone()).unwrap_or_default(),
        errors: idl
            .map(|idl| idl.errors.iter().filter_map(error).collect())
            .unwrap_or_default(),
    }
}

fn error(error: &Value) -> Option<ProgramError> {
    Some(ProgramError {
        code: u32::try_from(error["code"].as_u64()?).ok()?,
        name: error["name"].as_str()?.to_owned(),
        message: error["msg"].as_str().map(str::to_owned),
    })
}
