//! The published virtual machine, as the server's runtime drives it: a stack file compiled, events in,
//! changes out.

use hyperstack_interpreter::ast::SerializableStreamSpec;
use hyperstack_interpreter::compiler::MultiEntityBytecode;
use hyperstack_interpreter::vm::VmContext;
use hyperstack_interpreter::{versioned, Mutation, ResolverRequest, UpdateContext};
use serde_json::Value;

use crate::Event;

/// The signature of every transaction, so that all events count as one transaction.
pub const SIGNATURE: &str =
    "5VERv8NMvzbJMEkV8xnrLkEaWRtSz9CosKDYjCJjBRnbJLgp8uirBgmQpjKhoR4tjF3ZpRzrFmBV6UjKdiSZkQUW";

/// The virtual machine of one stack.
pub struct Machine {
    bytecode: MultiEntityBytecode,
    vm: VmContext,
    slot: u64,
}

impl Machine {
    /// Compiles a stack file, of either format.
    ///
    /// # Panics
    ///
    /// Panics if the published crate does not accept the stack file.
    pub fn new(stack: &str) -> Self {
        let mut builder = MultiEntityBytecode::new();
        for (id, spec) in (0..).zip(entities(stack)) {
            let name = spec.state_name.clone();
            let computed =
                VmContext::create_evaluator_from_specs(spec.computed_field_specs.clone());
            builder = builder.add_entity_with_evaluator(
                name,
                hyperstack_interpreter::ast::TypedStreamSpec::<()>::from_serializable(spec),
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
        let signature = SIGNATURE.to_owned();
        let context = if event.is_account() {
            UpdateContext::new_account(self.slot, signature, 1)
        } else {
            UpdateContext::new_instruction(self.slot, signature, 1)
        };
        let value = event.value.clone();
        self.vm
            .process_event(&self.bytecode, value, &event.kind, Some(&context), None)
            .unwrap_or_else(|error| panic!("{}: {error}", event.kind))
    }

    /// Returns the changes of these answers to the resolver requests since the last call.
    ///
    /// # Panics
    ///
    /// Panics if the machine refuses an answer.
    pub fn resolve(&mut self, answer: impl Fn(&ResolverRequest) -> Value) -> Vec<Mutation> {
        let requests = self.vm.take_resolver_requests();
        let changes = requests.iter().map(|request| {
            self.vm
                .apply_resolver_result(&self.bytecode, &request.cache_key, answer(request))
                .unwrap_or_else(|error| panic!("{request:?}: {error}"))
        });
        changes.collect::<Vec<_>>().concat()
    }
}

fn entities(stack: &str) -> Vec<SerializableStreamSpec> {
    match versioned::load_stack_spec(stack) {
        Ok(stack) => stack.entities,
        Err(_) => vec![versioned::load_stream_spec(stack).expect("a stack file")],
    }
}
