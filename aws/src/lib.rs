//! The AWS SDK's configuration as every client of this tree has it: Region, credentials and endpoints of the standard
//! chain, over a TLS that needs only a C compiler to build. It knows no service. Begin with [`loader`].

use aws_config::{BehaviorVersion, ConfigLoader, SdkConfig};
use aws_smithy_http_client::{Builder, tls};

/// A configuration that is still to be loaded, for who wants a Region or retries of its own.
pub fn loader() -> ConfigLoader {
    let ring = tls::rustls_provider::CryptoMode::Ring;
    let http = Builder::new()
        .tls_provider(tls::Provider::Rustls(ring))
        .build_https();
    aws_config::defaults(BehaviorVersion::latest()).http_client(http)
}

/// The configuration of this process. Nothing is asked of the network until credentials are needed, unless the Region
/// can only be had from an instance's metadata.
pub async fn config() -> SdkConfig {
    loader().load().await
}
