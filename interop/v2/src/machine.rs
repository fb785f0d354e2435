//! The published virtual machine, as the server's runtime drives it: the entities of a live-spec compiled, events in,
//! changes out.

use arete_interpreter::ast::{SerializableStreamSpec, TypedStreamSpec};
use arete_interpreter::compiler::MultiEntityBytecode;
use arete_interpreter::vm::VmContext;
use arete_interpreter::{Mutation, UpdateContext};
use serde_json::Value;

use crate::chain::Event;

/// The virtual machine of one live-spec.
pub struct Machine {
    bytecode: MultiEntityBytecode,
    vm: VmContext,
    slot: u64,
}

impl Machine {
    /// Compiles the entities of a live-spec.
    ///
    /// # Panics
    ///
    /// Panics if the published crate does not accept them.
    pub fn new(entities: &Value) -> Self {
        let specs: Vec<SerializableStreamSpec> =
            serde_json::from_value(entities.clone()).expect("entities of a live-spec");
        let mut builder = MultiEntityBytecode::new();
        for (id, spec) in (0..).zip(specs) {
            let name = spec.state_name.clone();
            let computed =
                VmContext::create_evaluator_from_specs(spec.computed_field_specs.clone());
            builder = builder.add_entity_with_evaluator(
                name,
                TypedStreamSpec::<()>::from_serializable(spec),
                id,
                Some(computed),
            );
        }
        Machine {
            bytecode: builder.build(),
            vm: VmContext::new_multi_entity(),
            slot: 400_000_000,
        }
    }

    /// Returns the changes of an event, in the next slot.
    ///
    /// # Panics
    ///
    /// Panics if the machine refuses the event.
    pub fn process(&mut self, event: &Event) -> Vec<Mutation> {
        self.slot += 1;
        let signature = format!("Signature{}", self.slot);
        let context = if event.is_account() {
            UpdateContext::new_account(self.slot, signature, self.slot)
        } else {
            UpdateContext::new_instruction(self.slot, signature, 1)
        };
        let value = event.value.clone();
        self.vm
            .process_event(&self.bytecode, value, &event.kind, Some(&context), None)
            .unwrap_or_else(|error| panic!("{}: {error}", event.kind))
    }
}
