//! Puts types that contain themselves into a `Box`, because they would have no finite size.

use crate::model::{Type, TypeDef};

/// Adds a [`Type::Boxed`] to each cycle of types. Lists and maps need none, because they hold their values elsewhere.
pub(super) fn close(defs: &mut [TypeDef]) {
    for index in 0..defs.len() {
        // Boxing one of several cycles can change what the others contain, so look again after each.
        while let Some(inside) = held(&defs[index])
            .into_iter()
            .find(|inside| reaches(defs, *inside, index))
        {
            for ty in defs[index].shape.types_mut() {
                wrap(ty, inside);
            }
        }
    }
}

/// Returns whether a value of the type `from` contains a value of the type `to`.
fn reaches(defs: &[TypeDef], from: usize, to: usize) -> bool {
    let mut seen = vec![false; defs.len()];
    let mut next = vec![from];
    while let Some(index) = next.pop() {
        if index == to {
            return true;
        }
        if !std::mem::replace(&mut seen[index], true) {
            next.extend(held(&defs[index]));
        }
    }
    false
}

/// Returns the types whose values a value of this type contains.
fn held(def: &TypeDef) -> Vec<usize> {
    fn collect(ty: &Type, held: &mut Vec<usize>) {
        match ty {
            Type::Defined(index) => held.push(*index),
            Type::Nullable(ty) | Type::Array(ty, _) | Type::Capture(ty) | Type::Event(ty) => {
                collect(ty, held);
            }
            Type::Instruction(accounts, args) => {
                collect(accounts, held);
                collect(args, held);
            }
            Type::Tuple(elements) => elements.iter().for_each(|ty| collect(ty, held)),
            _ => {}
        }
    }
    let mut held = Vec::new();
    for ty in def.shape.types() {
        collect(ty, &mut held);
    }
    held
}

/// Boxes the values of the type `index` in `ty`.
fn wrap(ty: &mut Type, index: usize) {
    match ty {
        Type::Defined(found) if *found == index => {
            *ty = Type::Boxed(Box::new(Type::Defined(index)));
        }
        Type::Nullable(ty) | Type::Array(ty, _) | Type::Capture(ty) | Type::Event(ty) => {
            wrap(ty, index);
        }
        Type::Instruction(accounts, args) => {
            wrap(accounts, index);
            wrap(args, index);
        }
        Type::Tuple(elements) => elements.iter_mut().for_each(|ty| wrap(ty, index)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Data, Member, Role, Shape, Variant};

    fn def(shape: Shape) -> TypeDef {
        TypeDef {
            name: String::new(),
            program: None,
            role: Role::Type,
            docs: Vec::new(),
            shape,
        }
    }

    fn member(ty: Type) -> Shape {
        Shape::Struct(vec![Member {
            name: String::new(),
            declared: String::new(),
            ty,
            note: String::new(),
        }])
    }

    fn boxed(index: usize) -> Type {
        Type::Boxed(Box::new(Type::Defined(index)))
    }

    #[test]
    fn each_cycle_gets_one_box() {
        let nullable = |ty| Type::Nullable(Box::new(ty));
        let mut defs = [
            def(member(nullable(Type::Defined(1)))),
            def(member(nullable(Type::Defined(0)))),
            def(Shape::Tuple(vec![Type::Bool, Type::Defined(2)])),
            def(Shape::Enum(vec![Variant {
                name: String::new(),
                data: Data::Tuple(vec![Type::Defined(3), Type::Defined(0)]),
            }])),
        ];
        close(&mut defs);
        assert_eq!(defs[0].shape, member(nullable(boxed(1))));
        assert_eq!(defs[1].shape, member(nullable(Type::Defined(0))));
        assert_eq!(defs[2].shape, Shape::Tuple(vec![Type::Bool, boxed(2)]));
        let Shape::Enum(variants) = &defs[3].shape else {
            panic!("an enum");
        };
        let data = Data::Tuple(vec![boxed(3), Type::Defined(0)]);
        assert_eq!(variants[0].data, data);
    }

    #[test]
    fn lists_and_maps_need_no_box() {
        let list = Type::List(Box::new(Type::Defined(0)));
        let map = Type::Map(Box::new(Type::Text), Box::new(Type::Defined(0)));
        let shape = Shape::Tuple(vec![list, map]);
        let mut defs = [def(shape.clone())];
        close(&mut defs);
        assert_eq!(defs[0].shape, shape);
    }
}
