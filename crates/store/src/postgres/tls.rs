//! Encryption: with `sslmode=require` in its address, a server must prove that it is the one that was named.

use crate::error::StoreError;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

/// The parameter that names a file with the certificates to trust, in place of those of the system.
const ROOTS: &str = "sslrootcert=";

/// How to reach a server.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Way {
    /// From an address, as a URL or as words.
    pub(super) fn parse(address: &str) -> Result<Self, StoreError> {
        let (address, roots) = without_roots(address);
        let config: Config = address.parse().map_err(|error| super::unusable(&error))?;
        let tls = match config.get_ssl_mode() {
            SslMode::Require => Some(connector(roots.as_deref())?),
            // Without the demand anybody in between could take it off again, so it is not tried either.
            _ => None,
        };
        Ok(Self { config: super::open::with_limits(config), tls })
    }

    /// A session, and what carries its traffic.
    pub(super) async fn connect(
        &self,
    ) -> Result<(Client, impl Future<Output = ()> + Send + use<>), tokio_postgres::Error> {
        // A session that breaks off shows in the client.
        Ok(match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await?;
                (client, futures::future::Either::Left(async move { drop(connection.await) }))
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await?;
                (client, futures::future::Either::Right(async move { drop(connection.await) }))
            }
        })
    }
}

/// The address without the parameter that the client's library does not know, and what that said.
fn without_roots(address: &str) -> (String, Option<String>) {
    let is_url = address.starts_with("postgres://") || address.starts_with("postgresql://");
    let (base, parameters, separator) = match address.split_once('?') {
        Some((base, parameters)) if is_url => (format!("{base}?"), parameters, '&'),
        _ if is_url => return (address.to_owned(), None),
        _ => (String::new(), address, ' '),
    };
    let (roots, others): (Vec<_>, Vec<_>) =
        parameters.split(separator).partition(|parameter| parameter.starts_with(ROOTS));
    let roots = roots.last().map(|parameter| parameter[ROOTS.len()..].trim_matches('\'').to_owned());
    (base + &others.join(&separator.to_string()), roots)
}

fn connector(file: Option<&str>) -> Result<MakeRustlsConnect, StoreError> {
    let unusable = |what: String| StoreError::Unusable(what);
    let mut roots = RootCertStore::empty();
    match file {
        Some(file) => {
            let failed =
                |error: rustls::pki_types::pem::Error| unusable(format!("sslrootcert {file}: {error}"));
            for certificate in CertificateDer::pem_file_iter(file).map_err(failed)? {
                let certificate = certificate.map_err(failed)?;
                roots.add(certificate).map_err(|error| unusable(format!("sslrootcert {file}: {error}")))?;
            }
        }
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    if roots.is_empty() {
        let from = file.unwrap_or("the system's certificates");
        return Err(unusable(format!(
            "sslmode=require, and {from} has nobody to trust: name some with sslrootcert=FILE"
        )));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(error.to_string()))?;
    Ok(MakeRustlsConnect::new(config.with_root_certificates(roots).with_no_client_auth()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_certificates_to_trust_are_taken_out_of_the_address() {
        for (address, rest, roots) in [
            ("postgres://a@b/c", "postgres://a@b/c", None),
            ("postgres://a@b/c?sslmode=require", "postgres://a@b/c?sslmode=require", None),
            (
                "postgres://a@b/c?sslrootcert=/d.pem&sslmode=require",
                "postgres://a@b/c?sslmode=require",
                Some("/d.pem"),
            ),
            (
                "host=b user=a sslrootcert=/d.pem sslmode=require",
                "host=b user=a sslmode=require",
                Some("/d.pem"),
            ),
            ("host=b user=a", "host=b user=a", None),
        ] {
            assert_eq!(without_roots(address), (rest.to_owned(), roots.map(str::to_owned)), "{address}");
        }
    }

    #[test]
    fn a_file_without_certificates_is_named() {
        let said =
            |address: &str| Way::parse(address).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said("host=b sslmode=require sslrootcert=/nowhere.pem").contains("/nowhere.pem"));
        let empty = tempfile::NamedTempFile::new().unwrap();
        let address = format!("host=b sslmode=require sslrootcert={}", empty.path().display());
        assert!(said(&address).contains("nobody to trust"));
    }
}
