//! Where view handles come from.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::HyperStack;
use crate::engine::Handle;
use crate::patch::{Entity, Record};
use crate::view::{ListView, SingleView, StateView, WindowView};

/// The views of an entity; implemented by `#[derive(Views)]`, on `FooViews` for `Foo`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the views of an entity",
    note = "`#[derive(Views)]` on an entity `Foo` makes `FooViews`: write `views::<FooViews>()`"
)]
pub trait Views {
    /// The entity.
    type Entity: Entity;

    /// The views over a connection; what [`HyperStack::views`](crate::HyperStack::views) calls.
    fn new(source: ViewSource<<Self::Entity as Entity>::Data>) -> Self
    where
        Self: Sized;
}

/// Makes the handles to the views of one entity. What the accessors of a derived `FooViews` use, and
/// whoever knows the names only at run time: see [`HyperStack::raw`](crate::HyperStack::raw).
pub struct ViewSource<T> {
    handle: Handle,
    entity: Cow<'static, str>,
    row: PhantomData<fn() -> T>,
}

/// An entity that derives `Views`, whatever may be wrong with its fields: how a stack finds them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no views to put into a stack",
    label = "derives no `Views`",
    note = "derive `Views` beside `Entity`: `#[derive(Entity, Views)]`"
)]
pub trait Viewed {
    /// The views.
    type Views;

    /// The views over a connection.
    fn views(hyperstack: &HyperStack) -> Self::Views;
}

/// The source of an entity's views over a connection.
pub fn source<T>(hyperstack: &HyperStack, entity: &'static str) -> ViewSource<T> {
    ViewSource::new(hyperstack.handle().clone(), entity)
}

impl<T> ViewSource<T> {
    pub(crate) fn new(handle: Handle, entity: impl Into<Cow<'static, str>>) -> Self {
        ViewSource {
            handle,
            entity: entity.into(),
            row: PhantomData,
        }
    }
}

impl<T: Record> ViewSource<T> {
    /// One row at a time, by key.
    pub fn state(&self) -> StateView<T> {
        self.keyed(&format!("{}/list", self.entity))
    }

    /// All rows, the one that changed last first.
    pub fn list(&self) -> ListView<T> {
        ListView::new(self.handle.clone(), &format!("{}/list", self.entity))
    }

    /// The rows of the derived view `id`, in its order.
    pub fn collection(&self, id: &str) -> WindowView<T> {
        WindowView::new(self.handle.clone(), id)
    }

    /// The first row of the view `id`.
    pub fn single(&self, id: &str) -> SingleView<T> {
        SingleView::new(self.handle.clone(), id)
    }

    /// The rows of the view `id` one at a time, by key.
    pub fn keyed(&self, id: &str) -> StateView<T> {
        StateView::new(self.handle.clone(), id)
    }
}

impl<T> Clone for ViewSource<T> {
    fn clone(&self) -> Self {
        ViewSource {
            handle: self.handle.clone(),
            entity: self.entity.clone(),
            row: PhantomData,
        }
    }
}

impl<T> fmt::Debug for ViewSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ViewSource")
            .field("entity", &self.entity)
            .finish_non_exhaustive()
    }
}
