//! Stand-ins for the views, until they are there: just enough to test what `Views` writes.

use crate::patch::Entity;
use std::marker::PhantomData;

macro_rules! views {
    ($($view:ident)*) => {$(
        /// A view, by its id.
        #[derive(Clone, Debug)]
        pub struct $view<E>(pub String, PhantomData<E>);
    )*};
}

views! { ListView StateView SingleView }

/// Where the views of an entity come from.
#[derive(Clone, Debug)]
pub struct ViewSource<E>(PhantomData<E>);

impl<E: Entity> Default for ViewSource<E> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<E: Entity> ViewSource<E> {
    /// The view `Entity/state`.
    pub fn state(&self) -> StateView<E> {
        StateView(format!("{}/state", E::NAME), PhantomData)
    }

    /// The view `Entity/list`.
    pub fn list(&self) -> ListView<E> {
        ListView(format!("{}/list", E::NAME), PhantomData)
    }

    /// A view of one row.
    pub fn single(&self, id: &'static str) -> SingleView<E> {
        SingleView(id.to_owned(), PhantomData)
    }

    /// A view of many rows.
    pub fn collection(&self, id: &'static str) -> ListView<E> {
        ListView(id.to_owned(), PhantomData)
    }

    /// A view of rows by key.
    pub fn keyed(&self, id: &'static str) -> StateView<E> {
        StateView(id.to_owned(), PhantomData)
    }
}

/// What the derive `Views` implements.
pub trait Views {
    /// The entity.
    type Entity: Entity;

    /// The views of a source.
    fn new(source: ViewSource<Self::Entity>) -> Self;
}
