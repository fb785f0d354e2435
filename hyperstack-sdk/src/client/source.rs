//! Creates view handles.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use super::HyperStack;
use crate::engine::Handle;
use crate::patch::{Entity, Record};
use crate::view::{ListView, SingleView, StateView, WindowView};

/// A type with the views of one entity. `#[derive(Views)]` on `Foo` generates `FooViews`, which implements this trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the views of an entity",
    note = "`#[derive(Views)]` on an entity `Foo` makes `FooViews`: write `views::<FooViews>()`"
)]
pub trait Views {
    /// The entity.
    type Entity: Entity;

    /// Creates the views of one connection. Called by [`HyperStack::views`](crate::HyperStack::views).
    fn new(source: ViewSource<<Self::Entity as Entity>::Data>) -> Self
    where
        Self: Sized;
}

/// Creates view handles for one entity.
///
/// [`HyperStack::raw`](crate::HyperStack::raw) returns it, for programs that learn view ids only at run time. The
/// accessors that `#[derive(Views)]` generates use it too.
pub struct ViewSource<T> {
    handle: Handle,
    entity: Cow<'static, str>,
    row: PhantomData<fn() -> T>,
}

/// An entity that derives `Views`. `#[derive(Stack)]` finds an entity's views through it, even if the entity's
/// fields do not compile.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be in a stack: it does not derive `Views`",
    label = "does not derive `Views`",
    note = "derive `Views` together with `Entity`: `#[derive(Entity, Views)]`"
)]
#[doc(hidden)]
pub trait Viewed {
    /// The generated views.
    type Views;

    /// Creates the views of one connection.
    fn views(hyperstack: &HyperStack) -> Self::Views;
}

/// The `FooViews` that `#[derive(Views)]` generates for `Foo`.
pub type ViewsOf<E> = <E as Viewed>::Views;

/// Creates the source of an entity's views.
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
    /// Returns a handle that reads single rows by key.
    pub fn state(&self) -> StateView<T> {
        self.keyed(&format!("{}/list", self.entity))
    }

    /// Returns a handle to all rows, the most recently changed first.
    pub fn list(&self) -> ListView<T> {
        ListView::new(self.handle.clone(), &format!("{}/list", self.entity))
    }

    /// Returns a handle to the append view, which has the latest changes. With a v2 server it is usually a
    /// [tape](crate::Tape): read it with [`tape`](ListView::tape).
    pub fn append(&self) -> ListView<T> {
        ListView::new(self.handle.clone(), &format!("{}/append", self.entity))
    }

    /// Returns a handle to the rows of the derived view `id`, in the view's order.
    pub fn collection(&self, id: &str) -> WindowView<T> {
        WindowView::new(self.handle.clone(), id)
    }

    /// Returns a handle to the first row of the view `id`, derived or not.
    pub fn single(&self, id: &str) -> SingleView<T> {
        SingleView::new(self.handle.clone(), id)
    }

    /// Returns a handle that reads single rows of the view `id` by key.
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
