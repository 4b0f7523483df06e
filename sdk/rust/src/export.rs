//! From a connector's traits to the component's exports.

/// Exports a connector: the type, and every interface that it implements and the manifest lists.
///
/// ```ignore
/// reeve_sdk::export!(Toy: Descriptor, Reader, Writer);
/// ```
#[macro_export]
macro_rules! export {
    ($connector:ident: $($interface:ident),+ $(,)?) => {
        $($crate::__export_interface!($connector $interface);)+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __export_interface {
    ($connector:ident Descriptor) => {
        impl $crate::bindings::descriptor::exports::reeve::connector::descriptor::Guest for $connector {
            fn describe() -> $crate::Description {
                $crate::export::describe::<Self>()
            }
            fn check() -> ::core::result::Result<::std::vec::Vec<$crate::Probe>, $crate::Failure> {
                $crate::Descriptor::check(&$crate::export::open::<Self>()?)
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::descriptor::export!($connector with_types_in $crate::bindings::descriptor);
    };
    ($connector:ident Reader) => {
        impl $crate::bindings::reader::exports::reeve::connector::reader::Guest for $connector {
            fn list_accounts(
                page: $crate::PageRequest,
            ) -> ::core::result::Result<$crate::export::reader::AccountPage, $crate::Failure> {
                $crate::Reader::list_accounts(&$crate::export::open::<Self>()?, page).map(::core::convert::Into::into)
            }
            fn list_entitlements(
                page: $crate::PageRequest,
            ) -> ::core::result::Result<$crate::export::reader::EntitlementPage, $crate::Failure> {
                $crate::Reader::list_entitlements(&$crate::export::open::<Self>()?, page)
                    .map(::core::convert::Into::into)
            }
            fn list_grants(
                page: $crate::PageRequest,
            ) -> ::core::result::Result<$crate::export::reader::GrantPage, $crate::Failure> {
                $crate::Reader::list_grants(&$crate::export::open::<Self>()?, page).map(::core::convert::Into::into)
            }
            fn get_account(
                id: ::std::string::String,
            ) -> ::core::result::Result<::core::option::Option<$crate::AccountView>, $crate::Failure> {
                $crate::Reader::get_account(&$crate::export::open::<Self>()?, &id)
            }
            fn find_account(
                by: $crate::MatchBy,
                key: ::std::string::String,
            ) -> ::core::result::Result<::std::vec::Vec<$crate::Account>, $crate::Failure> {
                $crate::Reader::find_account(&$crate::export::open::<Self>()?, by, &key)
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::reader::export!($connector with_types_in $crate::bindings::reader);
    };
    ($connector:ident Writer) => {
        impl $crate::bindings::writer::exports::reeve::connector::writer::Guest for $connector {
            fn apply(
                operation: $crate::Operation,
                operation_id: ::std::string::String,
            ) -> ::core::result::Result<$crate::Outcome, $crate::Failure> {
                $crate::Writer::apply(&$crate::export::open::<Self>()?, operation, &operation_id)
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::writer::export!($connector with_types_in $crate::bindings::writer);
    };
    ($connector:ident Credentials) => {
        impl $crate::bindings::credentials::exports::reeve::connector::credentials::Guest for $connector {
            fn list_credentials(
                account: ::core::option::Option<::std::string::String>,
                page: $crate::PageRequest,
            ) -> ::core::result::Result<$crate::export::credentials::CredentialPage, $crate::Failure> {
                $crate::Credentials::list_credentials(&$crate::export::open::<Self>()?, account.as_deref(), page)
                    .map(::core::convert::Into::into)
            }
            fn end_credential(
                id: ::std::string::String,
                operation_id: ::std::string::String,
            ) -> ::core::result::Result<$crate::Outcome, $crate::Failure> {
                $crate::Credentials::end_credential(&$crate::export::open::<Self>()?, &id, &operation_id)
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::credentials::export!($connector with_types_in $crate::bindings::credentials);
    };
    ($connector:ident Workforce) => {
        impl $crate::bindings::workforce::exports::reeve::connector::workforce::Guest for $connector {
            fn list_workers(
                page: $crate::PageRequest,
            ) -> ::core::result::Result<$crate::export::workforce::WorkerPage, $crate::Failure> {
                $crate::Workforce::list_workers(&$crate::export::open::<Self>()?, page).map(::core::convert::Into::into)
            }
        }
        #[cfg(target_arch = "wasm32")]
        $crate::bindings::workforce::export!($connector with_types_in $crate::bindings::workforce);
    };
}

pub use crate::bindings::credentials::exports::reeve::connector::credentials;
pub use crate::bindings::reader::exports::reeve::connector::reader;
pub use crate::bindings::workforce::exports::reeve::connector::workforce;

use crate::{Account, Connector, Credential, Description, Descriptor, Entitlement, Failure, Grant, Page, Worker};

/// Makes the connector for one call.
pub fn open<C: Connector>() -> Result<C, Failure> {
    #[cfg(target_arch = "wasm32")]
    std::panic::set_hook(Box::new(|panic| crate::log::error(panic.to_string())));
    C::open()
}

/// A plugin that cannot read its settings describes itself as able to do nothing; `check` says why.
pub fn describe<C: Descriptor>() -> Description {
    match open::<C>() {
        Ok(connector) => connector.describe(),
        Err(failure) => {
            crate::log::error(format!("the settings cannot be used, so nothing is supported: {failure:?}"));
            Description {
                entitlement_kinds: vec![],
                credential_kinds: vec![],
                capabilities: vec![],
                finds_by: vec![],
                reads_deleted: false,
                reads_last_login: false,
                page_size_max: 0,
            }
        }
    }
}

macro_rules! page {
    ($item:ty, $record:ty) => {
        impl From<Page<$item>> for $record {
            fn from(page: Page<$item>) -> Self {
                Self { items: page.items, state: page.state }
            }
        }
    };
}

page!(Account, reader::AccountPage);
page!(Entitlement, reader::EntitlementPage);
page!(Grant, reader::GrantPage);
page!(Credential, credentials::CredentialPage);
page!(Worker, workforce::WorkerPage);
